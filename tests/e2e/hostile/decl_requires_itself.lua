-- asks for a module that is itself
-- expect: SCRIPT at load
-- says: decl_requires_itself
return require "decl_requires_itself"
