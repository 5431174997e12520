/*
 * Timers: two waits with a due time, two schedulers of which one owns the shard while the other may
 * still believe so, somebody else who answers the first wait, and a person who reverts its execution.
 *
 * Models
 *   services/scheduler/src/loop/timers.ts           packages/store/src/shard-keeper.ts
 *   timers.sql  takeDue, nextDue      answers.sql  answerWaits      sweep.sql  deleteStaleWaits
 *   shard-leases.sql  renewShards, takeShards      executions.sql  applyIfVersion (a revert)
 *
 * Left out: batches and their fairness between workspaces; telling the execution (dispatch.pml). The
 * clock is Postgres's and counts to 3; a scheduler's own clock only decides when it looks.
 *
 * Invariants: a wait is answered once, not before its time, and in the life it belongs to. Every
 * timer is answered.
 *
 * check safe                                       -> holds
 * check safe NO_TERM                               -> holds
 * check safe ANSWER_UNDELETED                      -> violated
 * check safe OWN_CLOCK                             -> violated
 * check safe ANY_GENERATION                        -> violated
 * check safe KEEP_WAITS                            -> holds
 * check safe KEEP_WAITS ANSWER_ANY_LIFE            -> violated
 * check ends                                       -> holds
 * check ends KEEP_WAITS                            -> holds
 * check ends NO_LOOK                               -> stuck
 * check ends NO_LOOK FAULTS=0                      -> holds
 * check ends NO_TAKEOVER                           -> stuck
 * check seen SEEN_TWO_LOOK                         -> reached
 * check seen SEEN_FORMER_LIFE KEEP_WAITS           -> reached
 */
#ifndef FAULTS
#define FAULTS 2 /* lost nudges, dead or stopped schedulers, the other answer, reverts */
#endif
#define NONE 7
#define END 3
#define FAULT(possible) budget > 0 && (possible) -> budget--

/* rows: wait, execution, shard_lease */
bool wait[2]
byte due[2], wait_generation[2], generation[2], answers[2]
byte owner = 0, term = 1
bool expired = false

byte now = 0, done = 0, budget = FAULTS
bool nudge[2], parked[2]

#define is_due(x, time) (wait[x] && due[x] <= time)
inline tell() { if :: nudge[0] = true; nudge[1] = true :: FAULT(true) fi }

inline answer_wait(x, of_generation, is_timer) {           /* answerWaits: the delete decides */
  if
#ifdef ANSWER_UNDELETED
  :: true ->
#else
#ifdef ANY_GENERATION
  :: wait[x] ->
#else
  :: wait[x] && wait_generation[x] == of_generation ->
#endif
#endif
     assert(!is_timer || now >= due[x]);
     wait[x] = false; due[x] = 0;
     if
#ifndef ANSWER_ANY_LIFE
     :: wait_generation[x] != generation[x] ->             /* deleted, and nobody is told */
#ifdef SEEN_FORMER_LIFE
        assert(false);
#endif
        skip
#endif
     :: else ->
        assert(wait_generation[x] == generation[x]);
        answers[x]++;
        assert(answers[x] == 1)
     fi
  :: else
  fi
}

proctype Execution(byte me) {
  do
  :: atomic {
       !parked[me] && !wait[me] ->                         /* the primary key: no second row beside it */
       parked[me] = true; wait[me] = true; wait_generation[me] = generation[me];
       if :: now < END -> due[me] = now + 1 :: else -> due[me] = END fi;
       tell()
     }
  :: atomic {                                              /* a revert, asked for or after an end */
       FAULT(me == 0 && generation[0] == 0 && parked[0]);
       generation[0]++; parked[0] = false; answers[0] = 0;
#ifndef KEEP_WAITS
       wait[0] = false;
#endif
     }
  :: atomic { parked[me] && answers[me] > 0 -> break }
  od;
  done++
}

proctype Scheduler(byte me) {
  byte mine = 0, next = 0
  bool taken[2]
  byte former = 0
  if :: me == owner -> mine = term :: else fi;
end_idle:
  if
  :: atomic { nudge[me] -> nudge[me] = false; if :: mine == 0 -> goto end_idle :: else fi }
#ifdef NO_LOOK
  :: mine > 0 && next > 0 && now >= next
#else                                                      /* every second; when the next is due only spares looks */
  :: mine > 0 && owner == me && !expired && (is_due(0, now) || is_due(1, now))
#endif
#ifndef NO_TAKEOVER
  :: atomic { expired && owner == me -> expired = false; goto end_idle }             /* renewShards */
  :: atomic { expired && owner != me ->
              owner = me; term++; mine = term; expired = false; nudge[me] = true; goto end_idle }  /* takeShards */
#endif
  :: atomic { mine > 0 && mine != term -> mine = 0; next = 0; goto end_idle }        /* keepShards noticed */
  fi;
  d_step {                                                 /* takeDue */
    if
#ifdef NO_TERM
    :: true ->
#else
    :: owner == me && term == mine && !expired ->
#endif
#ifdef OWN_CLOCK
       taken[0] = is_due(0, now + me); taken[1] = is_due(1, now + me);
#else
       taken[0] = is_due(0, now); taken[1] = is_due(1, now);
#endif
       if :: taken[0] -> former = wait_generation[0] :: else fi
    :: else
    fi
  }
#ifdef SEEN_TWO_LOOK
  assert(!(taken[1] && term != mine));
#endif
  if
  :: atomic { FAULT(true); mine = 0; next = 0; nudge[me] = false;                    /* dies */
              if :: owner == me -> owner = NONE; expired = true :: else fi; goto forget }
  :: skip
  fi;
  atomic { if :: taken[0] -> answer_wait(0, former, true) :: else fi }
  atomic { if :: taken[1] -> answer_wait(1, 0, true) :: else fi }
#ifdef NO_LOOK
  d_step {                                                 /* nextDue */
    next = 0;
    if :: wait[0] -> next = due[0] :: else fi;
    if :: wait[1] && (next == 0 || due[1] < next) -> next = due[1] :: else fi
  }
#endif
forget:
  atomic { taken[0] = false; taken[1] = false; former = 0; goto end_idle }
}

proctype Others() {
  end: do
  :: atomic { now < END -> now++ }
  :: atomic { FAULT(!expired); expired = true }            /* a lease that was not renewed in time */
  :: atomic { FAULT(wait[0] && wait_generation[0] == generation[0]); answer_wait(0, generation[0], false) }
  od
}

init {
  atomic { run Scheduler(0); run Scheduler(1); run Others(); run Execution(0); run Execution(1) }
}

ltl ends { <> (done == 2) }
