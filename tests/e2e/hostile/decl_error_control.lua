-- an error full of terminal control while loading
-- expect: SCRIPT at load
-- says: x1b
error("\27[2J\27]0;x\7\r\n\u{9b}31m\u{202e}\xff")
