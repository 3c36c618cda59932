/* SPDX-License-Identifier: MIT */
/*
 * The protocol of the commit queue, for the model checker spin: CALLERS threads call
 * database_write() again and again, or CALLS times each, until the store is closed.
 * tests/model/run.sh verifies it, and sees each planted fault (#ifdef FAULT_...) refuted.
 *
 * What stands for what. An inline has the name of the C function whose steps it makes, in their
 * order; the test fails when one of these functions is gone, or when commit_queue.c or doorbell.c
 * has one that is not named here.
 *
 *   commit_queue.c: state_of set_state append withdraw join wake pass_the_lead give_up
 *   commit_queue.c: somebody_comes batch_next lead commit_queue_submit commit_queue_release
 *   doorbell.c: doorbell_init doorbell_destroy doorbell_ring doorbell_wait
 *   transaction.c: run_one fail_all run_requests run_companion commit_batch undo_batch
 *   transaction.c: run_together run_batch after_batch submit database_write database_close
 *
 * Not modelled, because nothing waits for it or depends on it:
 *   commit_queue.c: commit_queue_init least
 *   transaction.c: rehearse_one (in the queue, a request like any other)
 *
 * - A step of the model, (an atomic), has at most one access to what another thread may
 *   access at that moment: a doorbell, or a `state` outside of the mutex. The rest of it is done
 *   under the queue's mutex (the list, `led`, the state of who is queued and was not rung) or by the
 *   leader alone (his batch, the transaction), and both is asserted each time. So a critical section
 *   is one step, but for that of pass_the_lead(), which rings in it.
 * - `state` is stored with release and loaded with acquire, and all else passes through mutexes and
 *   semaphores: the interleavings of whole steps are all there is. `queued` alone is relaxed, so
 *   that a leader may find any value there: somebody_comes() says whatever it likes. So it need not
 *   be modelled, and neither need the clock, `callers`, `waited` and `commit`, which only tell how
 *   long to wait.
 * - A deadline passes at any moment, or never: both are tried for each call. A call is no
 *   cancellation point (call_begin()), so that the deadline is the only way to leave early.
 * - What may fail fails at will: begin, each request each time, the companion, the flush.
 * - An entry lies on its caller's stack: `there` tells whether the call is running, and each access
 *   asserts it.
 * - BATCH_MAX is ROOM here, less than there are callers, so that batches fill up.
 *
 * What holds:
 * - safety, by assertions: never two leaders; an entry is touched only while its call runs, and is
 *   woken once; who is woken has his result, and a good one only of a transaction that was flushed;
 *   each request is in exactly one committed transaction if its caller is told so, and in none if he
 *   is told that it failed, or that the store was busy; the lead is handed over before anybody is
 *   woken; the companion hears the end of each transaction it was in; a store that is closed when
 *   all calls have returned has nobody in its queue, no leader and no transaction;
 * - no deadlock and no lost wake-up: no end state but the one where all have returned. A caller
 *   whose deadline never passes would wait there for ever;
 * - progress: `answered` below, under weak fairness and for CALLS calls each. (For ever new calls it
 *   needs a fair mutex, which pthreads do not promise.)
 *
 * -D options: CALLERS, ROOM, CALLS (0: no end of them), DOORBELL_IS_A_CONDITION (the other kind of
 * doorbell), FAULT_...
 */
#ifndef CALLERS
#define CALLERS 3
#endif
#ifndef ROOM
#define ROOM 2
#endif
#ifndef CALLS
#define CALLS 0
#endif

#define NOBODY CALLERS

/* enum entry_state; UNSET before the first store */
mtype = {UNSET, ENTRY_QUEUED, ENTRY_LEADING, ENTRY_TAKEN, ENTRY_DONE};

/* what a caller is told: no result yet, a decision, a failure; one of these, seen to be true */
mtype = {NO_RESULT, DECIDED, FAILED, CHECKED};

/* ---- what threads share ---- */

typedef entry_t { /* struct write, and the struct queue_entry in it */
    byte next;
    mtype state;
    mtype status;
    /* its doorbell: a semaphore, or a mutex, a condition and a flag */
    byte rung;
#ifdef DOORBELL_IS_A_CONDITION
    byte bell_mutex;
    bool asleep; /* on the condition */
#endif
    /* ghosts: what only the assertions know */
    bool there;     /* the call is running */
    byte committed; /* transactions with the request in them that were committed */
}

entry_t entries[CALLERS];

/* struct commit_queue */
byte mutex = NOBODY; /* who holds it */
byte first = NOBODY, last = NOBODY;
bool led;

/* struct database: its one transaction */
bool begun;
bool ran[CALLERS]; /* whose requests are in it */
bool accompanied;  /* the companion has taken what it wants to write */

/* ghosts */
byte leader = NOBODY;
byte gone; /* callers that make no further call */
bool closed;

#define me _pid
#define TOUCH(who) assert(entries[who].there && !closed)
#define UNDER_MUTEX assert(mutex == me && !closed)
#define AS_LEADER assert(leader == me && !closed)

inline lock()
{
    mutex == NOBODY;
    assert(!closed);
    mutex = me
}

inline unlock()
{
    UNDER_MUTEX;
    mutex = NOBODY
}

inline set_state(who, value)
{
    TOUCH(who);
    entries[who].state = value
}

#define state_of(who) entries[who].state

/* ---- doorbell.c ---- */

#ifndef DOORBELL_IS_A_CONDITION

inline doorbell_init()
{
    entries[me].rung = 0
}

inline doorbell_destroy()
{
    entries[me].rung = 0
}

inline doorbell_ring(who)
{
    atomic {
        TOUCH(who);
        assert(entries[who].rung == 0); /* once */
        entries[who].rung++
    }
}

/* sem_wait, or sem_clockwait: a deadline that passes, now or later, and one that does not. */
inline doorbell_wait(may_expire, has_rung)
{
    if
    :: may_expire -> has_rung = false
    :: true ->
        atomic {
            entries[me].rung > 0;
            entries[me].rung--;
            has_rung = true
        }
    fi
}

#else

inline doorbell_init()
{
    entries[me].bell_mutex = NOBODY;
    entries[me].rung = 0;
    entries[me].asleep = false
}

inline doorbell_destroy()
{
    assert(entries[me].bell_mutex == NOBODY);
    entries[me].rung = 0
}

inline lock_bell(who)
{
    entries[who].bell_mutex == NOBODY;
    TOUCH(who);
    entries[who].bell_mutex = me
}

inline unlock_bell(who)
{
    TOUCH(who);
    assert(entries[who].bell_mutex == me);
    entries[who].bell_mutex = NOBODY
}

inline signal(who)
{
    atomic {
        TOUCH(who);
        entries[who].asleep = false
    }
}

inline doorbell_ring(who)
{
    atomic {
        lock_bell(who);
        assert(entries[who].rung == 0); /* once */
        entries[who].rung++
    };
#ifdef FAULT_SIGNALS_WITHOUT_THE_BELLS_MUTEX
    unlock_bell(who);
    signal(who)
#else
    signal(who);
    unlock_bell(who)
#endif
}

/* pthread_cond_wait, or pthread_cond_timedwait, which ends when it is signalled, too late, or for
 * no reason; the last is left to those whose deadline may pass, or it would hide a lost signal. */
inline doorbell_wait(may_expire, has_rung)
{
    if
    :: may_expire -> patient = false
    :: patient = true
    fi;
    expired = false;
#ifdef FAULT_LOOKS_AT_THE_BELL_WITHOUT_ITS_MUTEX
    do
    :: entries[me].rung == 0 && !expired ->
        atomic {
            lock_bell(me);
            entries[me].asleep = true;
            unlock_bell(me)
        };
#else
    atomic {
        lock_bell(me)
    };
    do
    :: entries[me].rung == 0 && !expired ->
        atomic { /* at once, or signals would be lost */
            entries[me].asleep = true;
            unlock_bell(me)
        };
#endif
        if
        :: !entries[me].asleep
        :: !patient -> expired = true
        :: !patient
        fi;
        atomic {
            lock_bell(me);
            entries[me].asleep = false
#ifdef FAULT_LOOKS_AT_THE_BELL_WITHOUT_ITS_MUTEX
            ;
            unlock_bell(me)
#endif
        }
    :: else -> break
    od;
    has_rung = entries[me].rung > 0;
#ifndef FAULT_LOOKS_AT_THE_BELL_WITHOUT_ITS_MUTEX
    unlock_bell(me);
#endif
    expired = false;
    patient = false
}

#endif

/* ---- commit_queue.c: the list, under the queue's mutex ---- */

inline append()
{
    UNDER_MUTEX;
    entries[me].next = NOBODY;
    if
    :: last != NOBODY ->
        TOUCH(last);
        entries[last].next = me
    :: else -> first = me
    fi;
    last = me
}

inline withdraw()
{
    UNDER_MUTEX;
    at = first;
    do
    :: at != me ->
        assert(at != NOBODY);
        TOUCH(at);
        before = at;
        at = entries[at].next
    :: else -> break
    od;
    if
    :: before == NOBODY -> first = entries[me].next
    :: else -> entries[before].next = entries[me].next
    fi;
    if
    :: last == me -> last = before
    :: else
    fi;
    before = NOBODY;
    at = NOBODY
}

/* `before` is the `end` of C. */
inline join()
{
    UNDER_MUTEX;
    AS_LEADER;
    at = first;
    joined = batch_count;
    do
    :: at != NOBODY && joined < ROOM ->
        set_state(at, ENTRY_TAKEN);
        before = at;
        at = entries[at].next;
        joined++
    :: else -> break
    od;
    if
    :: before != NOBODY ->
        if
        :: batch_last != NOBODY -> entries[batch_last].next = first
        :: else -> batch_first = first
        fi;
        batch_last = before;
        batch_count = joined;
        entries[before].next = NOBODY;
        first = at;
        if
        :: at == NOBODY -> last = NOBODY
        :: else
        fi
    :: else
    fi;
    at = NOBODY;
    before = NOBODY;
    joined = 0
}

/* ---- commit_queue.c: sleeping and waking ---- */

/* What he is told is the truth. That it is so from now on, end_call() asserts. */
inline check_result(who)
{
    assert(entries[who].status != NO_RESULT);
    assert(entries[who].committed == (entries[who].status == DECIDED -> 1 : 0));
    entries[who].status = CHECKED;
    entries[who].committed = 0
}

inline wake(who, value)
{
#ifdef FAULT_RINGS_BEFORE_IT_STORES_THE_STATE
    doorbell_ring(who);
#endif
    atomic {
        set_state(who, value);
        if
        :: value == ENTRY_DONE ->
#ifndef FAULT_WAKES_BEFORE_THE_FLUSH
            assert(leader != me); /* the next batch runs already */
#endif
            check_result(who)
        :: else
        fi
    }
#ifndef FAULT_RINGS_BEFORE_IT_STORES_THE_STATE
    ;
    doorbell_ring(who)
#endif
}

inline pass_the_lead()
{
    atomic {
        lock();
        AS_LEADER;
        leader = NOBODY;
        following = first;
#ifdef FAULT_NOTICES_NOBODY_WHO_WAITS
        following = NOBODY;
#endif
        if
        :: following == NOBODY ->
            led = false;
            unlock()
        :: else
        fi
    };
    if
    :: following != NOBODY ->
        wake(following, ENTRY_LEADING);
        atomic {
#ifdef FAULT_PASSES_THE_LEAD_AND_LEAVES_IT_OPEN
            led = false;
#endif
            unlock();
            following = NOBODY
        }
    :: else
    fi
}

inline give_up(leaves)
{
#ifdef FAULT_LOOKS_WITHOUT_THE_MUTEX_BEFORE_IT_LEAVES
    leaves = state_of(me) == ENTRY_QUEUED;
#endif
    atomic {
        lock();
#ifdef FAULT_LEAVES_WITH_THE_LEAD
        leaves = state_of(me) == ENTRY_QUEUED || state_of(me) == ENTRY_LEADING;
#elif !defined(FAULT_LOOKS_WITHOUT_THE_MUTEX_BEFORE_IT_LEAVES)
        leaves = state_of(me) == ENTRY_QUEUED;
#endif
        if
        :: leaves -> withdraw()
        :: else
        fi;
        unlock()
    }
}

/* ---- transaction.c: the leader's own, a step of many ---- */

inline fail_all(from)
{
    AS_LEADER;
    at = from;
    do
    :: at != NOBODY ->
        TOUCH(at);
        entries[at].status = FAILED;
        at = entries[at].next
    :: else -> break
    od;
    at = NOBODY
}

inline begin()
{
    AS_LEADER;
    assert(!begun && !accompanied);
    begun = true
}

/* The transaction is over, and the companion hears of it (`ended`): what was run in it, the flush
 * has made lasting, or it is undone, and its results count for nothing. */
inline end_transaction(flushed)
{
    AS_LEADER;
    assert(begun);
    at = 0;
    do
    :: at < CALLERS ->
        if
        :: ran[at] && flushed -> entries[at].committed++
        :: ran[at] && !flushed -> entries[at].status = NO_RESULT
        :: else
        fi;
#ifdef FAULT_REPLAYS_WHAT_IT_DID_NOT_UNDO
        ran[at] = ran[at] && !flushed;
#else
        ran[at] = false;
#endif
        at++
    :: else -> break
    od;
    at = NOBODY;
    begun = false;
    accompanied = false
}

inline commit_batch(from)
{
    if
    :: end_transaction(true)
    :: true ->
#ifdef FAULT_FORGETS_THAT_THE_FLUSH_FAILED
        end_transaction(false);
        entries[from].status = DECIDED
#else
        end_transaction(false);
        fail_all(from)
#endif
    fi
}

/* A request that fails leaves what it has done to whoever rolls back. */
inline run_one(who)
{
    AS_LEADER;
    TOUCH(who);
    assert(begun && !ran[who]);
    ran[who] = true;
    if
    :: entries[who].status = DECIDED
    :: entries[who].status = FAILED
    fi
}

/* From `entry` on, those that are in the batch by now. */
inline run_requests()
{
    do
    :: entry != NOBODY ->
        run_one(entry);
        request_failed = entries[entry].status == FAILED;
        entry = (request_failed -> NOBODY : entries[entry].next)
    :: else -> break
    od
}

inline run_companion()
{
    accompanied = true;
    if
    :: companion_failed = false
    :: companion_failed = true
    fi
}

/* A batch of one, which nobody joins and no companion goes along with. The choice is begin_in_turn:
 * another process may have the lock, or the disk be full. */
inline run_alone(who)
{
    AS_LEADER;
    TOUCH(who);
    following = entries[who].next;
    entries[who].next = NOBODY;
    if
    :: fail_all(who)
    :: true ->
        begin();
        run_one(who);
        if
        :: entries[who].status == FAILED ->
            end_transaction(false);
            entries[who].status = FAILED
        :: else -> commit_batch(who)
        fi
    fi;
    entries[who].next = following;
    following = NOBODY
}

/* Nobody has his result yet: each runs alone, unless the one that failed was. */
inline replay()
{
    if
    :: request_failed && batch_count == 1 -> entries[batch_first].status = FAILED
    :: else ->
        entry = batch_first;
        do
        :: entry != NOBODY ->
            run_alone(entry);
            entry = entries[entry].next
        :: else -> break
        od
    fi
}

/* The part of run_together that begins; the same choice. */
inline run_first()
{
    if
    :: fail_all(batch_first)
    :: true ->
        begin();
        entry = batch_first;
        run_requests()
    fi
}

/* Those who have queued meanwhile; the leader has them before he lets go of the mutex. When nobody
 * has, the batch is closed. */
inline batch_next()
{
    AS_LEADER;
    lock();
    entry = batch_last;
    join();
    unlock();
    entry = entries[entry].next;
    batch_open = entry != NOBODY
}

/* The part of run_together that ends. */
inline end_batch()
{
    if
    :: begun ->
        if
        :: !request_failed -> run_companion()
        :: true /* it is not due */
        fi;
        if
        :: request_failed || companion_failed ->
            end_transaction(false); /* undo_batch */
            replay()
        :: else -> commit_batch(batch_first)
        fi
    :: else
    fi;
    request_failed = false;
    companion_failed = false;
    batch_open = false;
    batch_count = 0;
    batch_last = NOBODY
}

/* ---- commit_queue.c: leading ---- */

/* The loop at the end of lead(). */
inline wake_all()
{
    entry = batch_first;
    do
    :: entry != NOBODY ->
        atomic {
            TOUCH(entry);
            following = entries[entry].next
        };
        if
        :: entry != me -> wake(entry, ENTRY_DONE)
        :: else
        fi;
        atomic {
#ifdef FAULT_LOOKS_FOR_THE_NEXT_ONE_AFTER_WAKING
            TOUCH(entry);
            following = entries[entry].next;
#endif
            entry = following;
            following = NOBODY
        }
    :: else -> break
    od
}

inline lead()
{
    atomic {
        lock();
        assert(leader == NOBODY); /* never two */
        leader = me;
        batch_open = true;
        join();
        unlock();
        assert(batch_first == me);
        run_first()
    };
    do
    :: atomic { /* somebody_comes */
           begun && !request_failed && batch_open && batch_count < ROOM ->
           batch_next();
           run_requests()
       }
    :: true -> break
    od;
#ifdef FAULT_WAKES_BEFORE_THE_FLUSH
    if
    :: begun && !request_failed -> wake_all()
    :: else
    fi;
#endif
    atomic {
        end_batch()
    };
#ifdef FAULT_HANDS_OVER_AFTER_WAKING
    wake_all();
#endif
#ifdef FAULT_LEAVES_WITHOUT_HANDING_OVER
    leader = NOBODY;
#else
    pass_the_lead();
#endif
#ifndef FAULT_HANDS_OVER_AFTER_WAKING
    wake_all();
#endif
    atomic {
        set_state(me, ENTRY_DONE);
        check_result(me);
        batch_first = NOBODY;
        assert(!closed) /* after_batch */
    }
}

/* A call begins with a fresh entry. */
inline begin_call()
{
    entries[me].there = true;
    entries[me].next = NOBODY;
    entries[me].state = UNSET;
    entries[me].status = NO_RESULT;
    entries[me].committed = 0;
    doorbell_init()
}

/* What the caller is told is the truth, and nobody has an eye on his stack any more. */
inline end_call()
{
    if
    :: done ->
        assert(state_of(me) == ENTRY_DONE);
        assert(entries[me].status == CHECKED)
    :: else -> /* KEYWARD_BUSY */
        assert(entries[me].status == NO_RESULT)
    fi;
    assert(entries[me].committed == 0 && !ran[me]);
    doorbell_destroy();
    entries[me].there = false;
    entries[me].next = NOBODY;
    entries[me].state = UNSET;
    entries[me].status = NO_RESULT;
    leads = false;
    leaves = false;
    rung = false;
    done = false
}

inline commit_queue_submit()
{
#ifdef FAULT_ASKS_FOR_THE_LEAD_WITHOUT_THE_MUTEX
    leads = !led;
#endif
    atomic {
        lock();
        begin_call();
        append();
#ifndef FAULT_ASKS_FOR_THE_LEAD_WITHOUT_THE_MUTEX
        leads = !led;
#endif
        led = true;
        set_state(me, (leads -> ENTRY_LEADING : ENTRY_QUEUED));
        unlock()
    };
    done = true;
    if
    :: !leads ->
        doorbell_wait(true, rung);
        if
        :: !rung ->
            give_up(leaves);
            done = !leaves;
#ifndef FAULT_RETURNS_THOUGH_A_LEADER_WAS_FASTER
            if
            :: done -> doorbell_wait(false, rung)
            :: else
            fi
#endif
        :: else
        fi
    :: else
    fi;
    atomic {
        leads = done && state_of(me) == ENTRY_LEADING;
        if
        :: !leads -> end_call()
        :: else
        fi
    };
    if
    :: leads ->
        lead();
        atomic {
            end_call()
        }
    :: else
    fi
}

/* ---- callers ---- */

active [CALLERS] proctype caller()
{
    /* commit_queue_submit */
    bool leads, leaves, rung, done;
    /* struct batch */
    byte batch_first = NOBODY, batch_last = NOBODY, batch_count;
    bool batch_open;
    /* of the leader's work */
    byte entry = NOBODY, following = NOBODY, at = NOBODY, before = NOBODY;
    byte joined;
    bool request_failed, companion_failed;
#ifdef DOORBELL_IS_A_CONDITION
    bool patient, expired;
#endif
#if CALLS > 0
    byte calls;
#endif

    do
#if CALLS > 0
    :: calls < CALLS ->
        calls++;
#else
    :: true ->
#endif
        commit_queue_submit()
    :: break
    od;
    gone++
}

/* The host closes the store when no call is running, and none follows. What keyward_close() writes
 * before is one more call. */
active proctype closer()
{
    gone == CALLERS;
    atomic {
        assert(mutex == NOBODY); /* commit_queue_release */
        assert(first == NOBODY && last == NOBODY && !led && leader == NOBODY);
        assert(!begun && !accompanied);
        closed = true
    }
}

#if CALLS > 0
/* Every call comes back. All callers are alike, so that one stands for all. */
ltl answered { [] (entries[0].there -> <> !entries[0].there) }
#endif
