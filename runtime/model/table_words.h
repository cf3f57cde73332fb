/*
 * table_words: names that a table or a column of a plugin cannot have; private to model/.
 */
#ifndef ORRERY_MODEL_TABLE_WORDS_H
#define ORRERY_MODEL_TABLE_WORDS_H

#include <stdbool.h>

/* A word that has to be quoted in PostgreSQL or SQLite to be a name. */
bool table_word_is_reserved(const char *name);

/* A column that every table of one of the engines has without saying so. */
bool table_word_is_hidden_column(const char *name);

/* The beginning ("pg_") that `name` shares with names of the engines or of orrery; NULL: none. */
const char *table_word_foreign_prefix(const char *name);

#endif
