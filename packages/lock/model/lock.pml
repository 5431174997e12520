/*
 * A lock: executions that ask for it, hold it, let go of it or end, and two lock-managers of which
 * one owns its shard, while the other may still believe so.
 *
 * Models
 *   packages/lock/src/decide.ts, working-lock.ts
 *   services/lock-manager/src/serve/plan-lock.ts, serve-locks.ts
 *   services/lock-manager/src/serve/lock-server.ts, loop/sweep-locks.ts, consume/ended.ts
 *   packages/store/src/shard-keeper.ts
 *   locks.sql  lockLocks, readHolders, readRequests, saveLocks, locksToServe      answers.sql  answerWaits
 *   shard-leases.sql  renewShards, takeShards       executions.sql  commitActivations (requests, ends)
 *
 * Left out: taking it twice, several locks and their deadlocks, semaphores (CAPACITY=2 is checked),
 * telling the execution (dispatch.pml). The answers and saveLocks are one step: the rows of the
 * executions that are answered stay locked from the answer to the commit.
 *
 * Invariants: no more holders than the capacity; whoever believes to hold it does, unless it was
 * taken by force; grants in the order of the tickets; tokens rise, so that what the lock protects
 * never refuses the holder and never accepts a former one; a holder was told. Everybody gets it.
 *
 * check safe                                -> holds
 * check safe PEOPLE=3 FAULTS=1              -> holds
 * check safe PEOPLE=3 FAULTS=1 CAPACITY=2   -> holds
 * check safe FORCE                          -> holds
 * check safe NO_TERM                        -> holds
 * check safe NO_ROW_LOCK                    -> violated
 * check safe READ_BEFORE_ROW_LOCK           -> violated
 * check safe GRANT_UNHEARD                  -> violated
 * check safe NEWEST_FIRST                   -> violated
 * check safe FORCE NO_FENCE                 -> violated
 * check safe FORCE SAME_TOKEN               -> violated
 * check ends                                -> holds
 * check ends NO_SWEEP                       -> stuck
 * check ends NO_SWEEP FAULTS=0              -> holds
 * check ends NO_SWEEP_OF_ENDED              -> stuck
 * check ends NO_TAKEOVER                    -> stuck
 * check seen SEEN_STALE_MANAGER             -> reached
 * check seen SEEN_MISSED                    -> reached
 * check seen SEEN_FENCED FORCE              -> reached
 */
#ifndef FAULTS
#define FAULTS 2 /* lost nudges, dead or stopped managers, timeouts, cancels, forced releases */
#endif
#ifndef CAPACITY
#define CAPACITY 1
#endif
#ifndef PEOPLE
#define PEOPLE 2
#endif
#define NONE 7
#define TIMED_OUT 99
#define FAULT(possible) budget > 0 && (possible) -> budget--

/* rows: wait, lock_request, lock_holder, lock, shard_lease */
bool wait[PEOPLE], fresh[PEOPLE], let_go[PEOPLE], ended[PEOPLE]
byte ticket[PEOPLE], holder[PEOPLE], answer[PEOPLE]
byte last_ticket = 0, last_token = 0, row_lock = NONE
byte owner = 0, term = 1
bool expired = false

bool nudge[2]
byte budget = FAULTS, seen = 0, writer = NONE, done = 0

#define everybody_nudged nudge[0] = true; nudge[1] = true
#define third (PEOPLE - 1) /* or the second */
#define unserved (fresh[0] || fresh[1] || fresh[third] || let_go[0] || let_go[1] || let_go[third])
#define holder_ended (holder[0] > 0 && ended[0] || holder[1] > 0 && ended[1] || holder[third] > 0 && ended[third])
#ifdef NO_SWEEP_OF_ENDED
#define found unserved
#else
#define found (unserved || holder_ended)
#endif
inline tell() { if :: everybody_nudged :: FAULT(true) fi }

proctype Execution(byte me) {
  byte token
  atomic { wait[me] = true; fresh[me] = true; tell() }               /* the commit that parks it */
  if
  :: atomic { answer[me] == TIMED_OUT -> goto gone }
  :: atomic { answer[me] > 0 && answer[me] != TIMED_OUT -> token = answer[me] }
  :: atomic { FAULT(wait[me]); wait[me] = false; goto gone }         /* cancelled */
  fi;
  atomic {                                                           /* a write that the lock protects */
#ifndef FORCE
    assert(holder[me] == token);
#endif
    if
    :: CAPACITY > 1
#ifdef NO_FENCE
    :: CAPACITY == 1 ->
#else
    :: CAPACITY == 1 && token >= seen ->
#endif
       assert(token > seen || writer == me); seen = token; writer = me
    :: CAPACITY == 1 && token < seen ->
#ifdef SEEN_FENCED
       assert(false);
#endif
       assert(holder[me] != token)                                   /* it was taken by force */
    fi
  }
  if
  :: atomic { let_go[me] = true; tell() }
  :: skip
  fi;
gone:
  atomic { ended[me] = true; wait[me] = false; done++; token = 0; tell() }
}

inline read_rows() {                                                 /* two statements, two snapshots */
  d_step { for (x : 0 .. PEOPLE - 1) { held[x] = holder[x]; over[x] = ended[x] } x = 0 }
  d_step {
    for (x : 0 .. PEOPLE - 1) {
      isOpen[x] = wait[x]; new[x] = fresh[x]; releases[x] = let_go[x]
    }
    x = 0
  }
}

inline clear() {
  for (x : 0 .. PEOPLE - 1) { over[x] = false; isOpen[x] = false; new[x] = false; releases[x] = false; held[x] = 0 }
  x = 0; best = 0; count = 0
}

inline plan_and_save() {                                             /* planLock, answerWaits, saveLocks */
  for (x : 0 .. PEOPLE - 1) {
    if :: ticket[x] > 0 && !isOpen[x] -> ticket[x] = 0 :: else fi;   /* nobody waits any more */
    if :: held[x] > 0 && over[x] -> holder[x] = 0; held[x] = 0 :: else fi;
    if :: releases[x] -> let_go[x] = false; holder[x] = 0; held[x] = 0 :: else fi;
    if
    :: new[x] -> fresh[x] = false; if :: isOpen[x] -> last_ticket++; ticket[x] = last_ticket :: else fi
    :: else
    fi
  }
  do
  :: count = 0; best = NONE;
     for (x : 0 .. PEOPLE - 1) {
       if :: held[x] > 0 -> count++ :: else fi;
       if
       :: ticket[x] > 0 && best == NONE -> best = x
#ifdef NEWEST_FIRST
       :: ticket[x] > 0 && best < NONE && ticket[x] > ticket[best] -> best = x
#else
       :: ticket[x] > 0 && best < NONE && ticket[x] < ticket[best] -> best = x
#endif
       :: else
       fi
     }
     if
     :: count >= CAPACITY || best == NONE -> break
     :: else ->
#ifdef SAME_TOKEN
        last_token = 1;
#else
        last_token++;
#endif
        if
#ifdef GRANT_UNHEARD
        :: true ->
#else
        :: wait[best] ->
#endif
           assert(wait[best] && !ended[best]);                       /* told of it */
           for (x : 0 .. PEOPLE - 1) { assert(x == best || ticket[x] == 0 || ticket[x] > ticket[best] || !wait[x]) }
           wait[best] = false; answer[best] = last_token; holder[best] = last_token; held[best] = last_token
        :: !wait[best] ->                                            /* withoutGrants: the next in line */
#ifdef SEEN_MISSED
           assert(false);
#endif
           skip
        fi;
        ticket[best] = 0
     fi
  od;
  count = 0;
  for (x : 0 .. PEOPLE - 1) { if :: holder[x] > 0 -> count++ :: else fi }
  assert(count <= CAPACITY)
}

proctype Manager(byte me) {
  byte mine = 0, x, best, count
  bool over[PEOPLE], isOpen[PEOPLE], new[PEOPLE], releases[PEOPLE]
  byte held[PEOPLE]
  if :: me == owner -> mine = term :: else fi;
end_idle:
  if
  :: atomic { nudge[me] -> nudge[me] = false; if :: mine == 0 -> goto end_idle :: else fi }
#ifndef NO_SWEEP
  :: atomic { owner == me && term == mine && !expired && found -> skip }               /* locksToServe */
#endif
#ifndef NO_TAKEOVER
  :: atomic { expired && owner == me -> expired = false; goto end_idle }               /* renewShards */
  :: atomic { expired && owner != me -> owner = me; term++; mine = term; expired = false
              nudge[me] = true; goto end_idle }                                        /* takeShards */
#endif
  :: atomic { mine > 0 && mine != term -> mine = 0; goto end_idle }                    /* keepShards noticed */
  fi;
#ifdef READ_BEFORE_ROW_LOCK
  read_rows();
#endif
  atomic {                                                           /* lockLocks: the term, then the row */
    if
#ifdef NO_TERM
    :: true
#else
    :: owner == me && term == mine && !expired
    :: !(owner == me && term == mine && !expired) -> goto forget
#endif
    fi
  }
#ifndef NO_ROW_LOCK
  atomic { row_lock == NONE -> row_lock = me }
#endif
#ifdef SEEN_STALE_MANAGER
  assert(term == mine);
#endif
#ifndef READ_BEFORE_ROW_LOCK
  read_rows();
#endif
  if
  :: atomic { FAULT(true); mine = 0; nudge[me] = false;            /* dies: rolled back, comes back as another */
              if :: owner == me -> owner = NONE; expired = true :: else fi; goto forget }
  :: d_step { plan_and_save(); if :: row_lock == me -> row_lock = NONE :: else fi; clear() }
     goto end_idle
  fi;
forget:
  atomic { if :: row_lock == me -> row_lock = NONE :: else fi; clear() }
  goto end_idle
}

proctype Others() {
  byte x
  end: do
  :: atomic { FAULT(!expired); expired = true }                      /* a lease that was not renewed in time */
  :: atomic { FAULT(wait[0]); wait[0] = false; answer[0] = TIMED_OUT; tell() }          /* timers */
  :: atomic { FAULT(wait[1]); wait[1] = false; answer[1] = TIMED_OUT; tell() }
#ifdef FORCE
  /* The next in line is served in the same transaction; here by the next look. */
  :: atomic { FAULT(row_lock == NONE && holder[0] > 0); holder[0] = 0; everybody_nudged; let_go[0] = true }
  :: atomic { FAULT(row_lock == NONE && holder[1] > 0); holder[1] = 0; everybody_nudged; let_go[1] = true }
#endif
  od
}

init {
  atomic {
    run Manager(0); run Manager(1); run Others();
    run Execution(0); run Execution(1);
    if :: PEOPLE > 2 -> run Execution(2) :: else fi
  }
}

ltl ends { <> (done == PEOPLE) }
