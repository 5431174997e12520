/*
 * An eager start: an execution that is run before it is stored. Two gateways serve the same request
 * (a client that got no answer asked again, with the same Idempotency-Key and so the same id), two
 * engines run it eagerly, a third takes what is stored and ready.
 *
 * Models
 *   services/gateway/src/operations/eager-starts.ts, create-execution.ts
 *   services/engine/src/run/eager.ts
 *   executions.sql  createEnded, createExecutions, endActivations
 *
 * Left out: why an engine gives it back (waiting, slow, full: one choice here); what follows the insert
 * of one that is not ended (dispatch.pml), but for its end.
 *
 * Invariants: it ends once, with the history of the run that ended it and no other; whoever is answered
 * is answered about a row, and as ended only when it has. It ends, if anybody was answered.
 *
 * check safe                          -> holds
 * check safe FAULTS=4                 -> holds
 * check safe OVER_EXISTING            -> violated
 * check safe HISTORY_ANYWAY           -> violated
 * check safe TELL_BEFORE_COMMIT       -> violated
 * check ends                          -> holds
 * check ends FAULTS=4                 -> holds
 * check ends WAIT_FOR_EVER            -> stuck
 * check ends WAIT_FOR_EVER FAULTS=0   -> holds
 * check seen SEEN_TWO_INSERTS         -> reached
 * check seen SEEN_LOST_ANSWER         -> reached
 */
#ifndef FAULTS
#define FAULTS 2 /* lost or doubled messages, dead engines, a client that asks again */
#endif
#define FAULT(possible) budget > 0 && (possible) -> budget--

/* the row, and whose history is kept under its id: a bit for each run */
bool stored, ended
byte ends = 0, histories = 0, budget = FAULTS

/* messages: an eager start and its result, for each gateway */
bool started[2], told_end[2], told_back[2]
bool asked[2], answered[2]

proctype Gateway(byte me) {
end_unasked:
  atomic { asked[me]; started[me] = true }                 /* publishEager */
  if
  :: atomic { told_end[me] ->
       assert(stored && ended);                            /* answered 200: it must be so */
       answered[me] = true
     }
     goto done
  :: told_back[me]
#ifndef WAIT_FOR_EVER
  :: true                                                  /* silence; at any moment: the model has no times */
#endif
  fi;
  atomic {                                                 /* createExecutions */
    if
    :: !stored -> stored = true
    :: stored ->
#ifdef SEEN_TWO_INSERTS
       assert(false);
#endif
       skip                                                /* read instead */
    fi
  }
  atomic { assert(stored); answered[me] = true }
done:
  skip
}

proctype Eager(byte me) {
  byte from
end_idle:
  atomic {
    if
    :: started[0] -> from = 0; started[0] = false
    :: started[1] -> from = 1; started[1] = false
    :: FAULT(started[0]) -> from = 0                         /* doubled: it stays for the other, too */
    fi
  }
#ifdef TELL_BEFORE_COMMIT
  told_end[from] = true;
#endif
  if
  :: atomic { FAULT(true); goto end_idle }                 /* dies, or the message was lost on its way */
  :: atomic { told_back[from] = true; goto end_idle }      /* gives it back */
  :: true
  fi;
  atomic {                                                 /* createEnded: all of it or nothing */
    if
#ifdef OVER_EXISTING
    :: true ->
#else
    :: !stored ->
#endif
       stored = true; ended = true; ends++; histories++;
       assert(ends == 1); assert(histories == 1)
    :: stored ->
#ifdef HISTORY_ANYWAY
       histories++; assert(histories == 1);
#endif
       told_back[from] = true; goto end_idle
    fi
  }
  if
  :: atomic { told_end[from] = true }
  :: atomic { FAULT(true);
#ifdef SEEN_LOST_ANSWER
       assert(false);
#endif
       skip                                                /* dies with the answer */
     }
  fi;
  goto end_idle
}

proctype Pool() {
end_idle:
  atomic {                                                 /* endActivations: the version matches once */
    stored && !ended -> ended = true; ends++; histories++;
    assert(ends == 1); assert(histories == 1)
  }
  goto end_idle
}

proctype Client() {
  asked[0] = true;
end_content:
  if
  :: atomic { FAULT(!answered[0]); asked[1] = true }       /* no answer: asks the other gateway */
  fi
}

init {
  atomic { run Gateway(0); run Gateway(1); run Eager(0); run Eager(1); run Pool(); run Client() }
}

ltl ends { <> (answered[0] && ended) }
