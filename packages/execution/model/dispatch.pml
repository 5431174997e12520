/*
 * Dispatch: one execution, two engines, a bus that loses and doubles, processes that die or are
 * believed dead. Its code opens two waits at once, goes on at each answer, and ends after both.
 *
 * Models
 *   services/engine/src/run/runner.ts       begin, step, restart: warm, from the dispatch, from the store
 *   services/engine/src/run/claims.ts       the lazy claim; services/engine/src/loop/give-back.ts
 *   packages/bus/src/notify-answered.ts     whom an answer is told to
 *   services/scheduler/src/resolve/recover.ts, redispatch.ts
 *   executions.sql  claimExecutions, commitActivations, endActivations, loadForActivation
 *   answers.sql     answerWaits        resolve.sql  releaseClaimed       sweep.sql  recoverLost, sweepExecutions
 *
 * Left out: pause, cancel and revert (control.pml); LOST for good, since FAULTS is below maxRecoveries;
 * time (a lease may run out at any moment); several executions. A statement is one step, because
 * Postgres judges the newest row under its lock. HELD is AT_ENGINE, READY is WAITING_ENGINE. Epochs
 * are not modelled: on this path the version guards all that they would.
 *
 * Invariants: one end; each history entry once; each answer used once, none left unread by a parked
 * execution; no write by a former holder. It ends, given the sweep.
 *
 * check safe                          -> holds
 * check safe COMMIT_ANY_VERSION       -> violated
 * check safe CLAIM_ANY_VERSION        -> violated
 * check safe PARK_OVER_ANSWERS        -> violated
 * check safe WARM_AT_ANY_VERSION      -> violated
 * check safe WARM_AT_ANY_POSITION     -> violated
 * check safe RELEASE_ALL              -> holds
 * check ends                          -> holds
 * check ends NO_SWEEP                 -> stuck
 * check ends NO_SWEEP FAULTS=0        -> holds
 * check ends NO_RECOVERY              -> stuck
 * check ends NO_GIVE_BACK             -> stuck
 * check ends NO_NUDGES                -> holds
 * check seen SEEN_FENCED              -> reached
 * check seen SEEN_WARM                -> reached
 * check seen SEEN_GAP                 -> reached
 * check seen SEEN_UNREAD              -> reached
 * check seen SEEN_TAKEOVER            -> reached
 */
#ifndef FAULTS
#define FAULTS 2 /* deaths, false expiries, lost answers of Postgres, lost or doubled messages */
#endif
#define ENGINES 2
#define NONE 2 /* no process */
#define DEAD 3 /* one that is gone: its id never comes back */
#define WAITS 2
#ifdef NO_SWEEP
#define SWEEP false
#else
#define SWEEP true
#endif
#ifdef NO_NUDGES
#define NUDGE false
#else
#define NUDGE true
#endif
#define FAULT(possible) budget > 0 && (possible) -> budget--

mtype = { READY, HELD, PARKED, ENDED }
mtype status = READY
byte version = 1, process = NONE, answered = 0
bool open[WAITS]       /* rows of wait */
byte saved = 0         /* entries of the history: 1 for the start, then 1 for each answer */
byte budget = FAULTS
bool doubt[ENGINES], at_work[ENGINES], busy[ENGINES]

byte telling = 0        /* answers that are given and not told yet */
#define nobody_has_it (telling == 0 && !busy[0] && !busy[1] && empty(pool) && empty(resume[0]) && empty(resume[1]))
chan pool = [2] of { byte, bool }                 /* version; whether the execution itself comes along */
chan resume[ENGINES] = [1] of { byte, byte }      /* version; position of the answer */

proctype Engine(byte me) {
  byte ver, have, upto   /* held.version; entries known as committed; answers that the code has seen */
  byte mv, mp
  bool fresh, warm

idle:
  atomic {                                        /* what is not remembered makes no other state */
    mv = 0; mp = 0; fresh = false; busy[me] = false;
    if :: !warm -> ver = 0; have = 0; upto = 0 :: else fi
  }
end_idle:
  atomic {
    if
    :: pool?mv, fresh
    :: resume[me]?mv, mp
    :: FAULT(nempty(pool)); pool?<mv, fresh>      /* and will come again */
    :: FAULT(nempty(pool)); pool?_, _; goto idle
    :: FAULT(nempty(resume[me])); resume[me]?_, _; goto idle
    fi;
    busy[me] = true;
    if                                            /* begin */
    :: warm && ver >= mv -> goto idle             /* an old nudge */
#ifdef WARM_AT_ANY_VERSION
    :: warm && ver < mv ->
#else
    :: warm && ver + 1 == mv ->
#endif
       if
#ifdef WARM_AT_ANY_POSITION
       :: mp > 0 -> upto = mp; have = mp; ver = mv; mv = 0; mp = 0; goto activate
#else
       :: mp == have -> upto = mp; ver = mv; mv = 0; mp = 0; goto activate  /* the very next answer came along */
#endif
       :: else ->                                 /* after a gap, or without an answer */
#ifdef SEEN_GAP
          assert(mp <= have);
#endif
          ver = mv; mv = 0; mp = 0; goto more
       fi
    :: true -> warm = false                       /* or it was evicted, or let go */
    fi
  }
load:
  atomic {
    if
    :: fresh -> ver = 1; have = 0; upto = 0                /* nothing is read at all */
    :: !fresh && status == READY -> ver = version; have = saved; upto = answered
    :: else -> goto idle
    fi;
    mv = 0; mp = 0; fresh = false
  }
activate:
  if
  :: skip                                                  /* over before it is slow */
  :: atomic {                                              /* claimExecutions */
       if
#ifdef CLAIM_ANY_VERSION
       :: true ->
#else
       :: version == ver ->
#endif
          status = HELD; version++; process = me; ver = version; at_work[me] = true
       :: version != ver -> warm = false; goto idle
       fi
     }
  :: atomic { FAULT(version == ver); status = HELD; version++; process = me; goto in_doubt }
  :: atomic { FAULT(true); goto dies }
  fi;
commit:
  if
  :: atomic {                                              /* commitActivations */
       at_work[me] = false;
       if
#ifdef COMMIT_ANY_VERSION
       :: true ->
#else
       :: version == ver ->
#endif
          assert(version == ver && (status == READY || (status == HELD && process == me)));
          assert(have == saved);                           /* no entry twice, none left out */
          assert(upto <= answered);
          if :: have == 0 -> open[0] = true; open[1] = true :: else fi;
          have = upto + 1; saved = have; version++; ver = version; process = me;
          if
          :: upto == WAITS -> status = ENDED; warm = false; goto idle
#ifdef PARK_OVER_ANSWERS
          :: upto < WAITS -> status = PARKED
#else
          :: upto < WAITS && answered <= upto -> status = PARKED
          :: upto < WAITS && answered > upto -> status = READY
#endif
          fi;
          if
          :: status == PARKED -> assert(open[0] || open[1]); assert(answered == upto); upto = 0; warm = true; goto idle
          :: else ->
#ifdef SEEN_UNREAD
             assert(false);
#endif
             goto more
          fi
       :: version != ver -> warm = false;                  /* fenced */
#ifdef SEEN_FENCED
          assert(false);
#endif
          goto idle
       fi
     }
  :: atomic { FAULT(true); goto in_doubt }                       /* nothing was written, but who knows */
  :: atomic { FAULT(true); at_work[me] = false;                  /* the sandbox died: restart */
       if
       :: status == READY || (status == HELD && version == ver && process == me) ->
          ver = version; have = saved; upto = answered; goto activate
       :: else -> warm = false; goto idle
       fi }
  :: atomic { FAULT(true); goto dies }
  fi;
more:                                                      /* answersAfter */
  atomic {
    if
    :: status == READY && version == ver && answered >= have ->
       upto = answered; goto activate
    :: else -> warm = false; fresh = false; goto load
    fi
  }
in_doubt:
  atomic { doubt[me] = true; at_work[me] = false; warm = false; goto idle }
dies:
  atomic {                                                 /* and another one starts, under a new id */
    if :: process == me -> process = DEAD :: else fi;
    do :: resume[me]?_, _ :: empty(resume[me]) -> break od;
    doubt[me] = false; at_work[me] = false; warm = false;
    goto idle
  }
}

proctype Answer(byte wait) {                               /* scheduler, lock-manager: answerWaits */
  byte v, p, position
  bool moved
  end: atomic {
    open[wait] ->
    open[wait] = false; answered++; position = answered; p = process;
    moved = (status == PARKED);
    if :: moved -> status = READY; version++ :: else fi;
    v = version; telling++
  }
  atomic {                                                 /* notifyAnswered */
    if
    :: NUDGE && p < ENGINES && nfull(resume[p]) ->
#ifdef SEEN_WARM
       assert(!moved);
#endif
       resume[p]!v, position
    :: NUDGE && p >= ENGINES && moved && nfull(pool) -> pool!v, false
    :: NUDGE && p >= ENGINES && !moved
    :: !NUDGE || (p < ENGINES && full(resume[p])) || (p >= ENGINES && full(pool))
    :: FAULT(true)                                         /* dies before, or tells a process that is gone */
    fi;
    telling--; v = 0; p = 0; position = 0; moved = false
  }
}

inline recover() {                                         /* recoverLost */
  status = READY; version = version + 2; process = NONE;
#ifdef SEEN_TAKEOVER
  assert(saved == 0);
#endif
  if :: NUDGE && nfull(pool) -> pool!version, false :: skip fi
}

inline give_back(me) {                                     /* releaseClaimed */
  doubt[me] = false;
  if
#ifdef RELEASE_ALL
  :: status == HELD && process == me ->
#else
  :: status == HELD && process == me && !at_work[me] ->
#endif
     status = READY; version++; process = NONE;
     if :: NUDGE && nfull(pool) -> pool!version, false :: skip fi
  :: else
  fi
}

proctype Background() {
  end: do
  :: atomic { SWEEP && status == READY && nobody_has_it -> pool!version, false }
  :: atomic { FAULT(SWEEP && status == READY && empty(pool)); pool!version, false }   /* offered twice */
#ifndef NO_RECOVERY
  :: atomic { status == HELD && process == DEAD -> recover() }
#endif
  :: atomic { FAULT(status == HELD && process < ENGINES); recover() }   /* it lives, and is late */
#ifndef NO_GIVE_BACK
  :: atomic { doubt[0] -> give_back(0) }
  :: atomic { doubt[1] -> give_back(1) }
#endif
  od
}

init {
  atomic {
    run Engine(0); run Engine(1); run Background(); run Answer(0); run Answer(1);
    if :: NUDGE -> pool!1, true :: else fi
  }
}

ltl ends { <> (status == ENDED) }
