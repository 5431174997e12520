import { loadStatements } from './statement.ts'

export const sql = loadStatements('executions', [
  'createExecutions',
  'createEnded',
  'createOneEnded',
  'claimExecutions',
  'commitActivations',
  'endActivations',
  'loadForActivation',
  'loadScripts',
  'readExecution',
  'readWaits',
  'markWatched',
  'applyIfVersion',
])
