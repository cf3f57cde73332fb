/* orrery version */
#include <stdio.h>
#include <sys/utsname.h>

#include "cli/command.h"
#include "core/registry.h"

#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

static int run_version(struct context *c, struct error *e)
{
    struct utsname system = {0};

    (void)e;
    uname(&system);
    if (c->output.json) {
        json_t *data =
            json_pack("{s:s, s:s, s:s, s:s}", "version", c->registry->version, "compiler", COMPILER,
                      "kernel", system.release, "machine", system.machine);
        output_data(&c->output, data);
        json_decref(data);
    } else {
        fprintf(c->output.out, "orrery %s (%s, Linux %s, %s)\n", c->registry->version, COMPILER,
                system.release, system.machine);
    }
    return 0;
}

const struct command command_version = {
    .name = "version",
    .summary = "say which orrery this is",
    .usage = "  orrery version\n",
    .text =
        "Prints the version of the program, the compiler that built it and the kernel under it:\n"
        "what a bug report should begin with. (`orrery check` says which Lua is in use.)\n",
    .examples = "  $ orrery version\n"
                "  orrery 0.1.0 (gcc 12.2.0, Linux 6.1.0-18-amd64, x86_64)\n",
    .run = run_version,
};
