#include "base/log.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"

static const char *const names[] = {"debug", "info", "warn", "error"};
static const char *const colours[] = {"\033[2m", "", "\033[33m", "\033[31m"};

void log_init(struct log *log, FILE *out, const struct clock *clock)
{
    *log = (struct log){.out = out, .clock = clock, .level = LOG_INFO};
    log->colour = isatty(fileno(out)) == 1;
}

const char *log_level_name(enum log_level level)
{
    return names[level];
}

int log_level_parse(const char *name, enum log_level *out)
{
    for (int i = 0; i < 4; i++) {
        if (strcmp(name, names[i]) == 0) {
            *out = (enum log_level)i;
            return 0;
        }
    }
    return -1;
}

static void add_json_string(struct buf *b, const char *text)
{
    struct buf inert;

    buf_init(&inert, 8192);
    text_add_inert(&inert, text, strlen(text), 4096);
    buf_add_char(b, '"');
    for (const char *c = buf_text(&inert); *c != '\0'; c++) {
        if (*c == '"' || *c == '\\')
            buf_add_char(b, '\\');
        buf_add_char(b, *c);
    }
    buf_add_char(b, '"');
    buf_release(&inert);
}

static void format_json(struct buf *b, enum log_level level, const char *time, const char *message,
                        va_list fields)
{
    buf_addf(b, "{\"ts\":\"%s\",\"level\":\"%s\",\"msg\":", time, names[level]);
    add_json_string(b, message);
    for (const char *name; (name = va_arg(fields, const char *)) != NULL;) {
        const char *value = va_arg(fields, const char *);
        if (value == NULL)
            continue;
        buf_addf(b, ",\"%s\":", name);
        add_json_string(b, value);
    }
    buf_add_str(b, "}\n");
}

static void format_human(struct buf *b, const struct log *log, enum log_level level,
                         const char *time, const char *message, va_list fields)
{
    buf_addf(b, "%s%s%.12s %-5s ", log->colour ? "\r\033[K" : "", log->colour ? colours[level] : "",
             time + 11, names[level]);
    text_add_inert(b, message, strlen(message), 4096);
    for (const char *name; (name = va_arg(fields, const char *)) != NULL;) {
        const char *value = va_arg(fields, const char *);
        if (value == NULL)
            continue;
        buf_addf(b, "  %s=", name);
        text_add_inert(b, value, strlen(value), 1024);
    }
    buf_addf(b, "%s\n", log->colour && *colours[level] ? "\033[0m" : "");
}

void log_write(const struct log *log, enum log_level level, const char *message, ...)
{
    va_list fields;
    char time[32];
    struct buf line;

    if (level < log->level)
        return;
    buf_init(&line, 65536);
    clock_format(clock_now_ms(log->clock), time);
    va_start(fields, message);
    if (log->json)
        format_json(&line, level, time, message, fields);
    else
        format_human(&line, log, level, time, message, fields);
    va_end(fields);
    fwrite(line.data, 1, line.len, log->out);
    fflush(log->out);
    buf_release(&line);
}
