/*
 * Cancel, pause and resume while an execution runs, is answered, starts children and ends; and the
 * cancel that goes on to its children.
 *
 * Models
 *   services/gateway/src/operations/move-execution.ts     read, decide, apply if nobody moved it
 *   packages/execution/src/transitions.ts                 what a person's wish does to each status
 *   services/scheduler/src/resolve/cascade.ts             loop/sweep-executions.ts (abandoned)
 *   executions.sql  applyIfVersion, commitActivations     answers.sql  answerWaits
 *   cascades.sql  readChildren, cancelExecutions          sweep.sql  sweepExecutions
 *
 * Left out: engines that die and claims (dispatch.pml); LOST; reverts (timer.pml); a request from
 * another execution, which is the same move inside the transaction of its answer (attempt-control.ts).
 *
 * The execution starts a child and waits, starts another after the answer, and ends.
 *
 * Invariants: one end, and nothing of it after; nothing is committed while it is paused; an answer
 * that comes during a pause is not lost; below a cancelled one nothing lives for ever.
 *
 * check safe                       -> holds
 * check safe WISHES=4              -> holds
 * check safe APPLY_ANY_VERSION     -> violated
 * check safe COMMIT_ANY_VERSION    -> violated
 * check ends                       -> holds
 * check ends NO_ABANDONED          -> stuck
 * check ends NO_ABANDONED FAULTS=0 -> holds
 * check ends NOTHING_BENEATH       -> stuck
 * check ends NO_SWEEP              -> stuck
 * check seen SEEN_FENCED           -> reached
 * check seen SEEN_OVERTAKEN        -> reached
 * check seen SEEN_BENEATH          -> reached
 */
#ifndef FAULTS
#define FAULTS 2 /* lost nudges */
#endif
#ifndef WISHES
#define WISHES 3 /* of people */
#endif
#define FAULT(possible) budget > 0 && (possible) -> budget--

mtype = { READY, PARKED, PAUSED, ENDED, CANCELLED }
mtype status = READY, beneath = READY
byte version = 1, saved = 0, answered = 0, ends = 0
bool wait = false
bool live[2]                         /* the children */
byte budget = FAULTS, wishes = WISHES
bool dispatched = true, cascade = false

#define has_ended (status == ENDED || status == CANCELLED)
inline dispatch() { if :: dispatched = true :: FAULT(true) fi }

proctype Engine() {
  byte ver, have, upto
end_idle:
  atomic { dispatched -> dispatched = false; if :: status == READY -> ver = version; have = saved; upto = answered :: else -> goto end_idle fi }
  atomic {                                                 /* commitActivations */
    if
#ifdef COMMIT_ANY_VERSION
    :: true ->
#else
    :: version == ver ->
#endif
       assert(status == READY && have == saved);
       version++;
       if
       :: upto == 0 -> if :: have == 0 -> live[0] = true; wait = true; saved = 1 :: else fi;
          if :: answered > upto -> dispatch() :: else -> status = PARKED fi
       :: upto == 1 -> live[1] = true; saved = 2; status = ENDED; ends++; assert(ends == 1)
       fi
    :: version != ver ->
#ifdef SEEN_FENCED
       assert(false);
#endif
       skip
    fi;
    ver = 0; have = 0; upto = 0
  }
  goto end_idle
}

proctype Answer() {
  end: atomic {                                            /* answerWaits */
    wait -> wait = false;
    if
    :: has_ended
    :: status == PARKED -> answered++; status = READY; version++; dispatch()
    :: status == READY -> answered++
    :: status == PAUSED ->
#ifdef SEEN_BENEATH
       assert(beneath == READY);
#endif
       answered++;
#ifndef NOTHING_BENEATH
       if :: beneath == PARKED -> beneath = READY; version++ :: else fi
#endif
    fi
  }
}

inline apply(next) {                                       /* applyIfVersion */
  if
#ifdef APPLY_ANY_VERSION
  :: true ->
#else
  :: version == ver ->
#endif
     assert(!has_ended);
     version++; status = next;
     if :: next == PAUSED -> beneath = seen :: next != PAUSED -> beneath = READY fi
  :: version != ver ->                                     /* decides again */
#ifdef SEEN_OVERTAKEN
     assert(false);
#endif
     goto again
  fi
}

proctype Person() {
  byte ver; mtype seen, under
again:
  atomic { ver = version; seen = status; under = beneath }
  if
  :: atomic { (seen == READY || seen == PARKED) && wishes > 0 -> apply(PAUSED); wishes-- }
  :: atomic { seen == PAUSED -> apply(under); if :: status == READY -> dispatch() :: else fi }
  :: atomic { seen != ENDED && seen != CANCELLED && wishes > 0 ->
       apply(CANCELLED); wishes--; ends++; assert(ends == 1); wait = false;
       if :: cascade = true :: FAULT(true) fi }
  :: atomic { seen != PAUSED && wishes > 0 -> wishes-- }
  :: seen == ENDED || seen == CANCELLED || (seen != PAUSED && wishes == 0) -> goto over
  fi;
  goto again;
over: skip
}

proctype Child(byte me) { end: atomic { live[me] && status != CANCELLED -> live[me] = false } }

proctype Scheduler() {
  end: do
  :: cascade -> cascade = false; atomic { live[0] = false; live[1] = false }  /* readChildren, cancelExecutions */
#ifndef NO_SWEEP
  :: atomic { status == READY && !dispatched -> dispatched = true }
#endif
#ifndef NO_ABANDONED
  :: atomic { status == CANCELLED && (live[0] || live[1]) -> live[0] = false; live[1] = false }
#endif
  od
}

init {
  atomic { run Engine(); run Answer(); run Person(); run Person(); run Scheduler(); run Child(0); run Child(1) }
}

ltl ends { <> (has_ended && !live[0] && !live[1]) }
