/* orrery keys: the keys that transactions are signed with. */
#include "cli/keys.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/verbs.h"
#include "keys/bech32.h"
#include "keys/locked.h"

int keys_check_name(const char *name, struct error *e)
{
    if (text_is_name(name))
        return 0;
    return error_set(e, ERROR_INVALID,
                     "'%.80s' cannot be a key's name: expected [a-z0-9][a-z0-9_-]{0,63}", name);
}

char *keys_path(const struct context *c, const char *name_or_null)
{
    struct buf path;

    buf_init(&path, 8192);
    if (strcmp(c->desk, ".") != 0)
        buf_addf(&path, "%s/", c->desk);
    buf_add_str(&path, KEYS_FOLDER);
    if (name_or_null != NULL)
        buf_addf(&path, "/%s" KEYS_SUFFIX, name_or_null);
    return buf_steal(&path);
}

/* A key is a thing to be typed or piped in, never a word of the command line. */
static int check_words(const struct context *c, struct error *e)
{
    bool found = false;

    for (size_t i = 0; i < c->options.argument_count; i++)
        found |= strcasestr(c->options.arguments[i], KEY_BECH32_PREFIX) != NULL;
    for (size_t i = 0; i < c->options.known_count; i++)
        found |= c->options.values[i] != NULL &&
                 strcasestr(c->options.values[i], KEY_BECH32_PREFIX) != NULL;
    if (!found)
        return 0;
    error_set(e, ERROR_INVALID, "keys: a key was given on the command line: it was not used");
    error_hint(e, "the shell's history and everybody who lists processes have it now: make another "
                  "one and move what it owns; `orrery keys import` reads keys");
    return -1;
}

static const struct verb verbs[] = {
    {"new", "new NAME [--show-key]", " show-key ", 1, 1, keys_new},
    {"import", "import NAME [--address ADDRESS]", " address ", 1, 1, keys_import},
    {"list", "list [SOURCE ...]", "", 0, ARGUMENTS_MAX - 1, keys_list},
    {"address", "address NAME|SOURCE", "", 1, 1, keys_address},
    {0},
};

static int run_keys(struct context *c, struct error *e)
{
    if (check_words(c, e) < 0 || locked_process(e) < 0)
        return -1;
    return verbs_run(c, verbs, e);
}

static const struct option options[] = {
    {"show-key", 0, OPTION_FLAG, NULL, "new: show the key once, on this terminal", 0},
    {"address", 0, OPTION_TEXT, "ADDRESS", "import: this one of several keys", 0},
    {0},
};

const struct command command_keys = {
    .name = "keys",
    .summary = "make, import and list the keys that transactions are signed with",
    .usage = "  orrery keys new NAME [--show-key]\n"
             "  orrery keys import NAME [--address ADDRESS]\n"
             "  orrery keys list [SOURCE ...]\n"
             "  orrery keys address NAME|SOURCE\n",
    .text =
        "A desk's own keys are the files keys/NAME.key in its folder, which only their owner may\n"
        "read (the folder is 0700, the files are 0600; others are refused, with the command that\n"
        "repairs it). Keys are Ed25519 keys for Sui.\n"
        "\n"
        "new      makes a key, writes its file and prints its address\n"
        "import   reads a key from the standard input, at a terminal without showing it, and\n"
        "         writes its file: suiprivkey1... text, or the contents of a sui.keystore\n"
        "list     the addresses of the desk's keys and of those in each SOURCE\n"
        "address  only the address\n"
        "\n"
        "SOURCE is where a signer is told to take keys from:\n"
        "\n"
        "  file:PATH        suiprivkey1... text or a sui.keystore; relative to the desk\n"
        "  credential:NAME  LoadCredential= of a systemd unit\n"
        "  env:NAME         an environment variable, which is wiped when it was read\n"
        "\n"
        "A key is never taken from the command line and never printed, but by --show-key. Whoever\n"
        "has the file has all that its address owns; nobody can restore one that is lost.\n",
    .options = options,
    .examples =
        "  $ orrery keys new operator\n"
        "  address     0x9a4f...\n"
        "  file        keys/operator.key\n"
        "  $ orrery keys import operator --address 0x9a4f... < ~/.sui/sui_config/sui.keystore\n"
        "  $ orrery keys list file:/etc/orrery/sui.keystore\n"
        "  $ sui client faucet --address \"$(orrery keys address operator)\"\n",
    .exits = "  1 when a key is no key, or its file exists already\n"
             "  2 when there is no such key or source\n"
             "  4 when somebody else has access to a file or folder of keys\n",
    .min_arguments = 1,
    .max_arguments = ARGUMENTS_MAX,
    .run = run_keys,
};
