/*
 * mask: texts without the passwords of the URLs in them: scheme://user:***@host. All that stands
 * before the last '@' counts as the password, '/' and '?' too: who forgot to escape them has not
 * asked for it to be shown. Ports stay. And without private keys: of suiprivkey1… nothing but these
 * eleven characters stays.
 *
 * In place, never longer; what becomes free at the end is filled with NUL.
 */
#ifndef ORRERY_BASE_MASK_H
#define ORRERY_BASE_MASK_H

/* One word, which may be a URL or a key, or have one at its end ("--to=URL"). */
void mask_word(char *word);

/* Running text: URLs end at blanks and quotes, and may have been cut before their '@'. */
void mask_text(char *text);

#endif
