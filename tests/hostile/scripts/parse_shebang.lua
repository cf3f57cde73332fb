#!/usr/bin/lua
return {}
