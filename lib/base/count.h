/* SPDX-License-Identifier: MIT */
#ifndef KEYWARD_BASE_COUNT_H
#define KEYWARD_BASE_COUNT_H

/* How many elements an array has. */
#define COUNT(array) (sizeof(array) / sizeof *(array))

#endif
