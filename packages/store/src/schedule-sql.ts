import { loadStatements } from './statement.ts'

export const sql = loadStatements('schedule-work', [
  'lockSchedule',
  'readSchedule',
  'readIteration',
  'insertIteration',
  'deleteIteration',
  'holdIteration',
  'readOpenRuns',
  'insertRuns',
  'updateRuns',
  'recordScriptRuns',
  'saveSchedule',
  'setPaused',
  'setResumed',
  'sweepSchedules',
  'strayIterations',
  'schedulesOfEnded',
  'removeOldRuns',
  'selectRuns',
  'countRuns',
])
