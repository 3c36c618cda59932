/* SPDX-License-Identifier: MIT */
int main(int argc, char **argv)
{
    long wide = argc;
#if PLANTED
    int narrow = wide;
#else
    int narrow = (int)wide;
#endif
    return argv && narrow > 1;
}
