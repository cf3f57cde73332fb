-- expect: SCRIPT at load
-- an escape of a code point that is too large
return "\u{7FFFFFFFF}"
