/* SPDX-License-Identifier: MIT */
#ifndef BENCH_CASES_H
#define BENCH_CASES_H

#include "fixture.h"

/* Each measures its cases and adds them to the report. */
void cases_floor(const struct fixture *fixture);
void cases_delete(const struct fixture *fixture);
void cases_pages(const struct fixture *fixture);
void cases_processes(const struct fixture *fixture);
void cases_authenticate(const struct fixture *fixture);
void cases_list(void);
void cases_growth(const struct fixture *fixture);
void cases_peers(const struct fixture *fixture);

/* Ends the run, before it has begun, if what cases_peers needs is not there. */
void peers_require(void);

#endif
