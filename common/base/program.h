/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_PROGRAM_H
#define LITE_PROGRAM_H

#define PROGRAM_PATH 512

/* The path of the program with that name in the folder of the one that runs;
 * returns path_r. */
const char *program_beside(const char *name, char path_r[PROGRAM_PATH]);

#endif
