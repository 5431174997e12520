/*
 * A dependency wait: a parent that parks until two executions have ended which are under way already,
 * and may end at any moment of its parking; two schedulers that both hear every nudge.
 *
 * Models
 *   services/engine/src/run/committer.ts             markWatched, then the commit, then the nudge
 *   services/scheduler/src/resolve/dependencies.ts, backlog.ts; loop/sweep-waits.ts
 *   executions.sql  markWatched, commitActivations, endActivations     answers.sql  answerWaits
 *   dependencies.sql  collectDependencies     sweep.sql  sweepWaits
 *
 * Left out: children created by the commit that waits for them (they cannot end before it); the other
 * conditions than ALL_ENDED; reverts (timer.pml); telling the parent (dispatch.pml).
 *
 * Invariants: the wait is answered once, and as met only when all have ended. The parent goes on; by
 * the nudges alone, if none is lost.
 *
 * check safe                          -> holds
 * check safe FAULTS=4                 -> holds
 * check safe COUNT_NUDGES             -> violated
 * check safe ANSWER_UNDELETED         -> violated
 * check ends                          -> holds
 * check ends NO_SWEEP                 -> stuck
 * check ends NO_SWEEP FAULTS=0        -> holds
 * check ends NO_SWEEP FAULTS=0 NO_WATCH    -> stuck
 * check ends NO_SWEEP FAULTS=0 NO_NUDGE    -> stuck
 * check ends NO_SWEEP FAULTS=0 WATCH_AFTER -> holds
 * check seen SEEN_ENDED_BEFORE        -> reached
 * check seen SEEN_TWO_ANSWER          -> reached
 */
#ifndef FAULTS
#define FAULTS 2 /* lost or doubled nudges, dead schedulers, a timeout */
#endif
#define FAULT(possible) budget > 0 && (possible) -> budget--

/* rows: execution, wait (with its members) */
bool ended[2], watched[2], wait
byte answers = 0, budget = FAULTS

/* hints at each scheduler */
bool hint_ended[4], hint_wait[2]      /* [scheduler * 2 + member] */
byte counted = 0

proctype Parent() {
#ifndef NO_WATCH
#ifndef WATCH_AFTER
  d_step { watched[0] = true; watched[1] = true }
#endif
#endif
  d_step {                                                 /* commitActivations */
    wait = true;
#ifdef SEEN_ENDED_BEFORE
    assert(!(ended[0] && ended[1]));
#endif
  }
#ifdef WATCH_AFTER
  d_step { watched[0] = true; watched[1] = true }
#endif
#ifndef NO_NUDGE
  atomic { if :: hint_wait[0] = true; hint_wait[1] = true :: FAULT(true) fi }
#endif
}

proctype Child(byte me) {
  bool announced
  atomic { ended[me] = true; announced = watched[me] }     /* the commit of its end returns "watched" */
  atomic {
    if
    :: announced -> hint_ended[me] = true; hint_ended[2 + me] = true; counted++
    :: !announced
    :: FAULT(announced)
    :: FAULT(announced); hint_ended[me] = true; counted = counted + 2     /* doubled */
    fi
  }
}

proctype Scheduler(byte me) {
  bool met
end_idle:
  atomic {                                                 /* the backlog is taken as one batch */
    hint_ended[me * 2] || hint_ended[me * 2 + 1] || hint_wait[me] ->
    hint_ended[me * 2] = false; hint_ended[me * 2 + 1] = false; hint_wait[me] = false
  }
  atomic {                                                 /* collectDependencies: rows, never the nudges */
#ifdef COUNT_NUDGES
    met = wait && counted >= 2
#else
    met = wait && ended[0] && ended[1]
#endif
  }
  if
  :: atomic {
       met -> met = false;                                 /* answerWaits */
       if
#ifdef ANSWER_UNDELETED
       :: true ->
#else
       :: wait ->
#endif
          wait = false; answers++;
          assert(ended[0] && ended[1]); assert(answers == 1)
       :: !wait ->
#ifdef SEEN_TWO_ANSWER
          assert(false);
#endif
          skip
       fi
     }
  :: !met
  :: atomic { FAULT(true); met = false }                   /* dies, with what it had taken */
  fi;
  goto end_idle
}

proctype Others() {
  end: do
  :: atomic { FAULT(wait); wait = false; answers++ }       /* the wait's own timeout */
#ifndef NO_SWEEP
  :: atomic { wait && (ended[0] || ended[1]) && !hint_wait[0] -> hint_wait[0] = true }
#endif
  od
}

init {
  atomic { run Scheduler(0); run Scheduler(1); run Others(); run Parent(); run Child(0); run Child(1) }
}

ltl ends { <> (answers == 1) }
