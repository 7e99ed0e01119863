import { expect, it } from 'vitest'
import { type AdmissionStep, admissionStep, type Verdict } from './admission.ts'

const atTerminal = { canAsk: true }
const command = { canAsk: false }

it.each<[Verdict, { reason?: string; canAsk: boolean }, AdmissionStep]>([
  [{ outcome: 'denied' }, { reason: 'please', canAsk: true }, { kind: 'refuse' }],
  [{ outcome: 'allowed' }, command, { kind: 'connect' }],
  [{ outcome: 'justification' }, atTerminal, { kind: 'ask-reason' }],
  [{ outcome: 'justification' }, command, { kind: 'explain-reason' }],
  [
    { outcome: 'justification' },
    { reason: 'INC-7', canAsk: false },
    { kind: 'request', justification: 'INC-7' },
  ],
  [{ outcome: 'approval' }, atTerminal, { kind: 'ask-reason' }],
  [
    { outcome: 'approval', requestId: 'r', requestState: 'pending' },
    command,
    { kind: 'wait', requestId: 'r' },
  ],
  [{ outcome: 'approval', requestId: 'r', requestState: 'approved' }, command, { kind: 'connect' }],
  [{ outcome: 'denied', requestId: 'r', requestState: 'approved' }, command, { kind: 'refuse' }],
])('after %j with %j the next step is %j', (verdict, person, step) => {
  expect(admissionStep(verdict, person)).toEqual(step)
})
