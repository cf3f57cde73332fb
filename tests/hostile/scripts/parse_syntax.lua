-- expect: SCRIPT at load
-- a syntax error
return { name = "x", decide = function( end }
