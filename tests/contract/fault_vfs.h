/*
 * fault_vfs: SQLite's file system with a disk that fails: the Nth write, sync or truncation, once
 * or from then on until it is repaired.
 */
#ifndef ORRERY_TESTS_FAULT_VFS_H
#define ORRERY_TESTS_FAULT_VFS_H

#include <stdbool.h>
#include <stddef.h>

void fault_vfs_install(void); /* becomes the default */

/* The `nth` operation from now (from 1; 0: none) fails with the SQLite code; `lasting`: and so do
 * all after it. */
void fault_vfs_arm(size_t nth, int code, bool lasting);

/* Repairs the disk; true when a fault has happened since it was armed. */
bool fault_vfs_disarm(void);

#endif
