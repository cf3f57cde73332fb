# Third-party libraries, each as an interface target `dep_<name>`.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

function(orrery_dependency name package)
    pkg_check_modules(${name} REQUIRED IMPORTED_TARGET ${package})
    add_library(dep_${name} INTERFACE)
    target_link_libraries(dep_${name} INTERFACE PkgConfig::${name})
endfunction()

function(orrery_headers name package)
    pkg_check_modules(${name} REQUIRED ${package})
    add_library(dep_${name} INTERFACE)
    target_include_directories(dep_${name} SYSTEM INTERFACE ${${name}_INCLUDE_DIRS})
endfunction()

orrery_dependency(jansson jansson)
orrery_dependency(uv libuv)
orrery_dependency(sqlite sqlite3)
orrery_dependency(msgpack msgpack)
orrery_dependency(seccomp libseccomp)
# Loaded when they are first needed (base/library.h): only their headers are used here.
orrery_headers(curl libcurl)
orrery_headers(pq libpq)
orrery_headers(hiredis hiredis)

if(ORRERY_LUA_ROOT)
    find_library(ORRERY_LUA_LIBRARY NAMES lua5.4 lua PATHS ${ORRERY_LUA_ROOT}/lib NO_DEFAULT_PATH REQUIRED)
    add_library(dep_lua INTERFACE)
    target_include_directories(dep_lua INTERFACE ${ORRERY_LUA_ROOT}/include)
    target_link_libraries(dep_lua INTERFACE ${ORRERY_LUA_LIBRARY} m dl)
else()
    orrery_dependency(lua lua5.4)
endif()
