/* SPDX-License-Identifier: MIT */
/* A comparison to which any two secrets of a length are the same. */
int __wrap_sodium_memcmp(void);

int __wrap_sodium_memcmp(void)
{
    return 0;
}
