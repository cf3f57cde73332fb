-- expect: SCRIPT at load
-- _ENV as a compile-time constant (a heap overflow in older 5.4.4)
local _ENV <const> = 11
X = "hi"
