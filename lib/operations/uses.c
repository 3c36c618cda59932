/* SPDX-License-Identifier: MIT */
/*
 * A table of slots, one a key, in buckets: a key may be in any slot of its bucket. When all are
 * taken, the slot of a key whose notes are in the file is given to another.
 *
 * Nobody waits for anybody. Each number in a slot carries the slot's generation beside its value,
 * in one word that is compared and exchanged as a whole; whoever gives a slot to another key raises
 * the generation first. So a thread that found its key's slot a moment ago cannot write into what
 * has become another's: its exchange fails, and it looks again.
 */
#include "operations/uses.h"
#include "seal/token.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 8192 /* a power of two; memory is touched only as slots are used */
#define WAYS 8       /* slots in a bucket */
#define SLOTS (BUCKETS * WAYS)
#define ATTEMPTS 64 /* to find a slot that stays the key's */

#define VALUE_BITS 48 /* milliseconds until the year 10889 */
#define VALUE_MASK ((UINT64_C(1) << VALUE_BITS) - 1)

#define KEY_WORDS 6
static_assert(ACCESS_KEY_SIZE <= KEY_WORDS * 8 + 1, "an access key fits, without its NUL");
static_assert(KEYWARD_TIME_MAX <= (int64_t)VALUE_MASK, "a time fits");

struct key_text {
    uint64_t words[KEY_WORDS];
};

typedef _Atomic uint64_t cell; /* a generation and a value */

enum slot_state { SLOT_EMPTY, SLOT_READY, SLOT_CHANGING };

struct slot {
    cell state;
    _Atomic uint64_t key[KEY_WORDS];
    cell used; /* when last */
    cell refused_count, refused_first, refused_last;
    _Atomic uint64_t written_use;     /* what of `used` is in the file */
    _Atomic uint64_t written_refusal; /* likewise of `refused_last` */
    _Atomic uint32_t next;            /* in the list of those that are due: its number, from 1 */
    atomic_bool due;                  /* is in that list */
    uint32_t taken;                   /* the writer's: where in `taken`, from 1; 0: it is not */
};

/* A slot as one key's, for as long as it stays so. */
struct place {
    struct slot *slot;
    uint64_t generation;
};

struct taken {
    struct slot *slot;
    struct use use; /* all of it that this transaction writes */
};

struct uses {
    struct slot *slots;
    atomic_bool noted;        /* anything, ever */
    _Atomic uint32_t due;     /* the list's first slot */
    _Atomic uint32_t pending; /* what the writer has of the list, and has not taken yet */
    _Atomic uint64_t missed;  /* see uses_missed_at() */
    struct taken taken[USES_AT_ONCE];
    size_t taken_count;
};

struct uses *uses_new(void)
{
    struct uses *uses = calloc(1, sizeof *uses);

    if (uses)
        uses->slots = calloc(SLOTS, sizeof *uses->slots);
    if (uses && !uses->slots)
        uses_free(&uses);
    return uses;
}

void uses_free(struct uses **uses)
{
    struct uses *freed = *uses;

    *uses = NULL;
    if (!freed)
        return;
    free(freed->slots);
    free(freed);
}

/* ---- cells ---- */

static uint64_t pack(uint64_t generation, uint64_t value)
{
    return generation << VALUE_BITS | value;
}

static uint64_t generation_of(uint64_t word)
{
    return word >> VALUE_BITS;
}

static uint64_t value_of(uint64_t word)
{
    return word & VALUE_MASK;
}

/* In one order with everything else: who notes writes a number and then looks whether the slot is
 * due, the writer makes it not due and then reads the number, and one of the two must see the
 * other. */
static uint64_t load(const cell *from)
{
    return atomic_load(from);
}

/* A host's clock may say anything. */
static uint64_t time_value(int64_t now)
{
    return now < 0 ? 0 : now > (int64_t)VALUE_MASK ? VALUE_MASK : (uint64_t)now;
}

static uint64_t greater(uint64_t old, uint64_t value)
{
    return value > old ? value : old;
}

static uint64_t first(uint64_t old, uint64_t value)
{
    return old == 0 ? value : old;
}

static uint64_t sum(uint64_t old, uint64_t value)
{
    return old + value < VALUE_MASK ? old + value : VALUE_MASK;
}

/* Puts `merge` of what is there and `value` in its stead; false when the place is another key's. */
static bool update(cell *where, uint64_t generation, uint64_t value,
                   uint64_t (*merge)(uint64_t old, uint64_t value))
{
    uint64_t word = load(where), wanted;

    do {
        if (generation_of(word) != generation)
            return false;
        wanted = pack(generation, merge(value_of(word), value));
        if (wanted == word)
            return true; /* many threads use one key: no need to take the cache line */
    } while (!atomic_compare_exchange_weak(where, &word, wanted)); /* covered by chance: a race */
    return true;
}

/* Raises the generation and leaves the value, which nobody can change any more. */
static uint64_t freeze(cell *where, uint64_t generation)
{
    uint64_t word = load(where);

    /* covered by chance: another thread notes between the load and here */
    while (!atomic_compare_exchange_weak(where, &word, pack(generation, value_of(word))))
        ;
    return value_of(word);
}

/* Whatever the generation: what is taken off has been there since the slot was taken. */
static void subtract(cell *from, uint64_t value)
{
    uint64_t word = load(from);

    /* covered by chance: another thread notes between the load and here */
    while (!atomic_compare_exchange_weak(from, &word, word - value))
        ;
}

/* ---- slots ---- */

/* As long as this holds the slot stays its key's. What is written is read first: when the slot
 * changes hands it is forgotten last, and the old key's use is not taken for unwritten. */
static bool has_unwritten(const struct slot *slot)
{
    uint64_t written = load(&slot->written_use);

    return value_of(load(&slot->used)) > written || value_of(load(&slot->refused_count)) > 0;
}

static bool key_equals(const struct slot *slot, const struct key_text *key)
{
    for (size_t i = 0; i < KEY_WORDS; i++) {
        if (load(&slot->key[i]) != key->words[i])
            return false;
    }
    return true;
}

static uint32_t number_of(const struct uses *uses, const struct slot *slot)
{
    return (uint32_t)(slot - uses->slots) + 1;
}

static void make_due(struct uses *uses, struct slot *slot)
{
    uint32_t head;

    /* covered by chance: another thread does the same between the two */
    if (atomic_load(&slot->due) || atomic_exchange(&slot->due, true))
        return;
    head = atomic_load_explicit(&uses->due, memory_order_relaxed);
    do
        atomic_store_explicit(&slot->next, head, memory_order_relaxed);
    /* covered by chance: another slot becomes due at the same time */
    while (!atomic_compare_exchange_weak_explicit(&uses->due, &head, number_of(uses, slot),
                                                  memory_order_release, memory_order_relaxed));
}

/* True for the key's own slot, with the generation in which it is. */
static bool is_place_of(struct slot *slot, const struct key_text *key, struct place *place)
{
    uint64_t state = load(&slot->state);

    *place = (struct place){slot, generation_of(state)};
    return value_of(state) == SLOT_READY && key_equals(slot, key) &&
           atomic_load_explicit(&slot->state, memory_order_relaxed) == state;
}

static bool is_spare(const struct slot *slot)
{
    return value_of(load(&slot->state)) != SLOT_CHANGING && !atomic_load(&slot->due) &&
           !has_unwritten(slot);
}

/*
 * Gives a slot that was spare a moment ago to the key. Once its cells are frozen no note for the
 * one before can come any more; if one came just before that, the slot stays whose it was.
 */
static bool claim(struct slot *slot, uint64_t state, const struct key_text *key,
                  struct place *place)
{
    cell *cells[] = {&slot->used, &slot->refused_count, &slot->refused_first, &slot->refused_last};
    uint64_t generation = generation_of(state + (UINT64_C(1) << VALUE_BITS));

    /* covered by chance: another thread takes the slot just before */
    if (value_of(state) == SLOT_CHANGING ||
        !atomic_compare_exchange_strong(&slot->state, &state, pack(generation, SLOT_CHANGING)))
        return false;
    for (size_t i = 0; i < 4; i++)
        freeze(cells[i], generation);
    *place = (struct place){slot, generation};
    if (has_unwritten(slot)) {
        atomic_store(&slot->state, pack(generation, SLOT_READY));
        return false;
    }
    for (size_t i = 0; i < 4; i++)
        atomic_store(cells[i], pack(generation, 0));
    for (size_t i = 0; i < KEY_WORDS; i++)
        atomic_store_explicit(&slot->key[i], key->words[i], memory_order_release);
    atomic_store(&slot->written_use, 0);
    atomic_store(&slot->written_refusal, 0);
    atomic_store(&slot->state, pack(generation, SLOT_READY));
    return true;
}

/* ---- buckets ---- */

static bool read_key(const char *access_key, struct key_text *key)
{
    size_t length = strlen(access_key);

    memset(key, 0, sizeof *key);
    if (length > sizeof *key)
        return false;
    memcpy(key, access_key, length);
    return true;
}

/* Access keys are random, but for their prefix; imported ones may be numbers in some place. What a
 * product has in its upper half comes from all of the word, and goes on in the lower one. */
static struct slot *bucket_of(const struct uses *uses, const struct key_text *key)
{
    uint64_t hash = 0;

    for (size_t i = 0; i < KEY_WORDS; i++) {
        hash = (hash ^ key->words[i]) * UINT64_C(0x9E3779B97F4A7C15);
        hash ^= hash >> 32;
    }
    return &uses->slots[hash % BUCKETS * WAYS];
}

static bool find_place(const struct uses *uses, const struct key_text *key, struct place *place)
{
    struct slot *bucket = bucket_of(uses, key);

    for (size_t i = 0; i < WAYS; i++) {
        if (is_place_of(&bucket[i], key, place))
            return true;
    }
    return false;
}

/* Of the slots that may be given away the one whose key was used longest ago; an empty one was
 * never. NULL: there is none. */
static struct slot *oldest_spare(struct slot *bucket)
{
    struct slot *oldest = NULL;

    for (size_t i = 0; i < WAYS; i++) {
        if (is_spare(&bucket[i]) &&
            (!oldest || value_of(load(&bucket[i].used)) < value_of(load(&oldest->used))))
            oldest = &bucket[i];
    }
    return oldest;
}

enum making { MADE, OTHERS_WERE_FASTER, NO_ROOM };

static enum making make_place(const struct uses *uses, const struct key_text *key,
                              struct place *place)
{
    struct slot *slot = oldest_spare(bucket_of(uses, key));
    uint64_t state = slot ? load(&slot->state) : 0;

    if (!slot)
        return NO_ROOM;
    /* covered by chance: another thread takes the slot, or notes in it, in between */
    return is_spare(slot) && claim(slot, state, key, place) ? MADE : OTHERS_WERE_FASTER;
}

/* ---- noting ---- */

static bool is_due(const cell *written, uint64_t now)
{
    return now >= load(written) + KEYWARD_USE_PRECISION;
}

static bool note_use(struct uses *uses, const struct place *place, uint64_t now)
{
    struct slot *slot = place->slot;

    if (!update(&slot->used, place->generation, now, greater))
        return false;
    if (is_due(&slot->written_use, now))
        make_due(uses, slot);
    return true;
}

/* The count last: whoever sees it sees its times. */
static bool note_refusal(struct uses *uses, const struct place *place, uint64_t now)
{
    struct slot *slot = place->slot;

    /* covered by chance: the slot becomes another key's between two of these */
    if (!update(&slot->refused_first, place->generation, now, first) ||
        !update(&slot->refused_last, place->generation, now, greater) ||
        !update(&slot->refused_count, place->generation, 1, sum))
        return false;
    if (is_due(&slot->written_refusal, now))
        make_due(uses, slot);
    return true;
}

static bool note(struct uses *uses, const char *access_key, uint64_t now,
                 bool (*put)(struct uses *, const struct place *, uint64_t))
{
    struct key_text key;
    struct place place;

    if (!read_key(access_key, &key))
        return false;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        enum making making = find_place(uses, &key, &place) ? MADE : make_place(uses, &key, &place);
        if (making == NO_ROOM)
            return false;
        /* covered by chance: see make_place() */
        if (making == OTHERS_WERE_FASTER)
            continue;
        if (!atomic_load_explicit(&uses->noted, memory_order_relaxed))
            atomic_store(&uses->noted, true);
        if (put(uses, &place, now))
            return true;
    }
    return false;
}

void uses_note(struct uses *uses, const char *access_key, int64_t now)
{
    uint64_t missed, time = time_value(now);

    if (note(uses, access_key, time, note_use))
        return;
    missed = load(&uses->missed);
    /* covered by chance: another thread misses one at the same time */
    while (missed < time && !atomic_compare_exchange_weak(&uses->missed, &missed, time))
        ;
}

void uses_note_refusal(struct uses *uses, const char *access_key, int64_t now)
{
    note(uses, access_key, time_value(now), note_refusal);
}

int64_t uses_missed_at(struct uses *uses)
{
    return (int64_t)load(&uses->missed);
}

/* ---- reading ---- */

/* The count before its times. */
static struct use read_use(const struct slot *slot)
{
    struct use use;

    use.refused_count = (int64_t)value_of(load(&slot->refused_count));
    use.refused_first_at = (int64_t)value_of(load(&slot->refused_first));
    use.refused_last_at = (int64_t)value_of(load(&slot->refused_last));
    use.last_used_at = (int64_t)value_of(load(&slot->used));
    return use;
}

/* Also of a slot that somebody is about to take: until then it says what it said. False when it is
 * another key's. */
static bool read_use_of(const struct slot *slot, const struct key_text *key, struct use *use)
{
    uint64_t state, after = load(&slot->state);

    do {
        state = after;
        if (value_of(state) == SLOT_EMPTY || !key_equals(slot, key))
            return false;
        *use = read_use(slot);
        after = load(&slot->state);
    } while (after != state); /* covered by chance: the slot becomes another key's meanwhile */
    return true;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

/* Two threads that met a key for the first time at once may have taken a slot each. */
static void add_use(struct use *total, const struct use *use)
{
    total->last_used_at = later(total->last_used_at, use->last_used_at);
    total->refused_count += use->refused_count;
    total->refused_first_at = earlier(total->refused_first_at, use->refused_first_at);
    total->refused_last_at = later(total->refused_last_at, use->refused_last_at);
}

struct use uses_find(struct uses *uses, const char *access_key)
{
    struct use total = {0}, use;
    struct key_text key;
    const struct slot *bucket;

    if (!atomic_load_explicit(&uses->noted, memory_order_acquire) || !read_key(access_key, &key))
        return total;
    bucket = bucket_of(uses, &key);
    for (size_t i = 0; i < WAYS; i++) {
        if (read_use_of(&bucket[i], &key, &use))
            add_use(&total, &use);
    }
    return total;
}

/* ---- to the file ---- */

bool uses_are_due(struct uses *uses)
{
    return atomic_load_explicit(&uses->due, memory_order_relaxed) != 0 ||
           atomic_load_explicit(&uses->pending, memory_order_relaxed) != 0;
}

size_t uses_make_all_due(struct uses *uses)
{
    size_t count = 0;

    if (!atomic_load(&uses->noted))
        return 0;
    for (size_t i = 0; i < SLOTS; i++) {
        if (has_unwritten(&uses->slots[i])) {
            make_due(uses, &uses->slots[i]);
            count++;
        }
    }
    return count;
}

/* The next slot of those that are due; NULL when there is none. */
static struct slot *next_due(struct uses *uses)
{
    uint32_t number = atomic_load_explicit(&uses->pending, memory_order_relaxed);
    struct slot *slot;

    if (number == 0)
        number = atomic_exchange_explicit(&uses->due, 0, memory_order_acquire);
    if (number == 0)
        return NULL;
    slot = &uses->slots[number - 1];
    atomic_store_explicit(&uses->pending, atomic_load(&slot->next), memory_order_relaxed);
    atomic_store(&slot->due, false); /* first: who notes after we have read makes it due again */
    return slot;
}

static void write_key(const struct slot *slot, char access_key[KEYWARD_ACCESS_KEY_MAX + 1])
{
    uint64_t words[KEY_WORDS];

    for (size_t i = 0; i < KEY_WORDS; i++)
        words[i] = load(&slot->key[i]);
    memcpy(access_key, words, sizeof words);
    access_key[sizeof words] = '\0';
}

/* Takes what has come to the slot since this transaction took it first, or all of it. */
static struct use take_from(struct uses *uses, struct slot *slot)
{
    struct use use = read_use(slot), since = use;
    struct taken *taken;

    if (slot->taken == 0) {
        uses->taken[uses->taken_count++] = (struct taken){.slot = slot};
        slot->taken = (uint32_t)uses->taken_count;
    }
    taken = &uses->taken[slot->taken - 1];
    since.refused_count -= taken->use.refused_count;
    taken->use = use;
    return since;
}

/* What is not written yet keeps its slot: the key is its own until uses_settle(). */
bool uses_take(struct uses *uses, struct use_note *note)
{
    struct slot *slot = NULL;

    if (uses->taken_count == USES_AT_ONCE)
        return false;
    while ((slot = next_due(uses)) && !has_unwritten(slot))
        ;
    if (!slot)
        return false;
    note->use = take_from(uses, slot);
    write_key(slot, note->access_key);
    return true;
}

/* With the last of these numbers the slot may become another key's. */
static void mark_written(struct slot *slot, const struct use *use)
{
    if (use->refused_count > 0)
        atomic_store(&slot->written_refusal, (uint64_t)use->refused_last_at);
    atomic_store(&slot->written_use, (uint64_t)use->last_used_at);
    if (use->refused_count > 0)
        subtract(&slot->refused_count, (uint64_t)use->refused_count);
}

void uses_settle(struct uses *uses, bool written)
{
    for (size_t i = 0; i < uses->taken_count; i++) {
        const struct taken *taken = &uses->taken[i];

        taken->slot->taken = 0;
        if (written)
            mark_written(taken->slot, &taken->use);
        else
            make_due(uses, taken->slot);
    }
    uses->taken_count = 0;
}
