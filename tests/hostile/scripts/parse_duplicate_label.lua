-- expect: SCRIPT at load
-- says: label 'a' already defined
-- a label twice
::a:: ::a::
return {}
