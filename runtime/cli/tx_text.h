/*
 * tx_text: a transaction for people, from its JSON form (cli/tx_json.h): who, what it pays, until
 * when, what goes in, what is done, in the order in which it is done.
 *
 *     command 1   MoveCall 0x…::predict::mint of 0x…::dusdc::DUSDC (input 0, result 1.0)
 *
 * Addresses are whole, so that they can be compared; those of the framework are short (0x2). Texts
 * of values are foreign and made inert; long values are cut.
 */
#ifndef ORRERY_CLI_TX_TEXT_H
#define ORRERY_CLI_TX_TEXT_H

#include <jansson.h>

#include "cli/labelled.h"

void tx_text_print(struct labelled *l, const json_t *transaction);

#endif
