/* SPDX-License-Identifier: MIT */
#ifndef BENCH_CHART_H
#define BENCH_CHART_H

/* Draws the throughput of deletion, of all that this run has measured, as an SVG picture. */
void chart_write(const char *path);

#endif
