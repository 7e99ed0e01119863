export type OperationState = 'scheduled' | 'running' | 'succeeded' | 'failed' | 'unknown' | 'canceled'

export type OperationAction = 'claim' | 'succeed' | 'retry' | 'fail' | 'lose-track' | 'cancel' | 'restart'

/** Every transition there is. What is not in the table is refused. */
const transitions: Record<OperationState, Partial<Record<OperationAction, OperationState>>> = {
  scheduled: { claim: 'running', cancel: 'canceled' },
  running: {
    claim: 'running',
    succeed: 'succeeded',
    retry: 'scheduled',
    fail: 'failed',
    'lose-track': 'unknown',
  },
  succeeded: {},
  failed: { restart: 'scheduled' },
  unknown: { claim: 'running', restart: 'scheduled' },
  canceled: {},
}

export const nextState = (state: OperationState, action: OperationAction): OperationState | undefined =>
  transitions[state][action]

/** A scheduled operation whose candidate may be on the target already must be resolved, not forgotten. */
export const mayCancel = (operation: { state: OperationState; sent: boolean }): boolean =>
  nextState(operation.state, 'cancel') !== undefined && !operation.sent

/** The operation still has a say about which secret the target has. */
export const isOpen = (state: OperationState): boolean =>
  state === 'scheduled' || state === 'running' || state === 'unknown'
