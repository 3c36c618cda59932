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
void cases_http(const struct fixture *fixture);
void cases_peers(const struct fixture *fixture);

/* End the run, before it has begun, if what these need is not there. */
void http_require(void);
void peers_require(void);

#endif
