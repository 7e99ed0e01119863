import { SallyportError } from '@sallyport/errors/error'
import { describe, expect, it } from 'vitest'
import type { AccessRequest, Resolved } from '../clients/access.ts'
import type { Verdict } from '../domain/admission.ts'
import { admit } from './admit.ts'
import type { Conversation } from './conversation.ts'

const target = { credentialId: 'c', deviceId: 'd', name: 'root@web-1' }
const name = { username: 'root', device: 'web-1' }
const pending: AccessRequest = {
  id: 'req-1',
  state: 'pending',
  approvalsNeeded: 1,
  approvals: 0,
  approverNames: ['carol'],
  comment: '',
  start: undefined,
}

const scene = (verdicts: Verdict[], requests: AccessRequest[] = []) => {
  const said: string[] = []
  const justifications: string[] = []
  let resolved = 0
  const deps = {
    token: async () => 'token',
    access: {
      resolve: async (): Promise<Resolved> => {
        const verdict = verdicts[Math.min(resolved, verdicts.length - 1)] ?? { outcome: 'denied' }
        resolved += 1
        return { target, verdict, reasons: ['Group ops says no'] }
      },
      createRequest: async (_: string, __: unknown, justification: string): Promise<AccessRequest> => {
        justifications.push(justification)
        return requests[0] ?? { ...pending, state: 'approved' }
      },
      watchRequest: async function* () {
        yield* requests
      },
    },
  }
  const talk = (over: Partial<Conversation> = {}): Conversation => ({
    canAsk: true,
    say: async text => void said.push(text),
    ask: async () => 'INC-7',
    interruptible: work => work(new AbortController().signal),
    ...over,
  })
  return { deps, talk, said, justifications }
}

const refusal = async (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => 'admitted',
    (error: Error) => error.message,
  )

describe('admission', () => {
  it('lets in who is allowed', async () => {
    const { deps, talk } = scene([{ outcome: 'allowed' }])
    expect(await admit(deps, name, talk())).toEqual(target)
  })

  it('says which group denied it', async () => {
    const { deps, talk } = scene([{ outcome: 'denied' }])
    expect(await refusal(admit(deps, name, talk()))).toBe('You may not use root@web-1.\n  Group ops says no')
  })

  it('asks for a reason, and goes on with it', async () => {
    const { deps, talk, justifications } = scene([
      { outcome: 'justification' },
      { outcome: 'justification' },
      { outcome: 'allowed' },
    ])
    expect(await admit(deps, name, talk())).toEqual(target)
    expect(justifications).toEqual(['INC-7'])
  })

  it('asks again for a reason that is too short, and tells a command', async () => {
    const { deps, talk, said } = scene([{ outcome: 'justification' }, { outcome: 'allowed' }])
    const given: string[] = []
    const createRequest = async (_: string, __: unknown, justification: string): Promise<AccessRequest> => {
      given.push(justification)
      if (justification.length < 10) throw new SallyportError('justification.too_short')
      return { ...pending, state: 'approved' }
    }
    const strict = { ...deps, access: { ...deps.access, createRequest } }
    const ask = async (): Promise<string> => 'Look at the web server'
    expect(await admit(strict, name, talk({ ask, reason: 'INC-7' }))).toEqual(target)
    expect(given).toEqual(['INC-7', 'Look at the web server'])
    expect(said).toEqual(['A justification has at least 10 characters besides spaces.'])
    const { deps: again } = scene([{ outcome: 'justification' }])
    const program = admit(
      { ...again, access: { ...again.access, createRequest } },
      name,
      talk({ canAsk: false, reason: 'INC-7' }),
    )
    await expect(program).rejects.toMatchObject({ reason: 'justification.too_short' })
  })

  it('explains to a command how to give a reason', async () => {
    const { deps, talk } = scene([{ outcome: 'justification' }])
    expect(await refusal(admit(deps, name, talk({ canAsk: false })))).toContain('SetEnv=SALLYPORT_REASON')
  })

  it('says who can approve, waits, and lets in', async () => {
    const { deps, talk, said } = scene(
      [{ outcome: 'approval' }, { outcome: 'allowed' }],
      [pending, { ...pending, state: 'approved' }],
    )
    expect(await admit(deps, name, talk({ reason: 'INC-7' }))).toEqual(target)
    expect(said.join('\n')).toContain('It can be given by: carol.')
  })

  it('says that it was disapproved, and why, without control characters', async () => {
    const { deps, talk } = scene(
      [{ outcome: 'approval', requestId: 'req-1', requestState: 'pending' }],
      [pending, { ...pending, state: 'disapproved', comment: 'not\u001b[2J now' }],
    )
    expect(await refusal(admit(deps, name, talk()))).toBe('Request req-1 was disapproved: not[2J now')
  })

  it('leaves the request pending when the person stops waiting', async () => {
    const { deps, talk } = scene(
      [{ outcome: 'approval', requestId: 'req-1', requestState: 'pending' }],
      [pending],
    )
    const impatient = talk({ interruptible: work => work(AbortSignal.abort()) })
    expect(await refusal(admit(deps, name, impatient))).toContain('Request req-1 stays pending')
  })

  it('speaks of a target that is hidden as of one that does not exist', async () => {
    const { deps, talk } = scene([])
    const access = {
      ...deps.access,
      resolve: () => Promise.reject(new SallyportError('credential.not_found')),
    }
    expect(await refusal(admit({ ...deps, access }, name, talk()))).toBe(
      'There is no root@web-1 that you may use.',
    )
  })

  it('gives up rather than ask for ever', async () => {
    const { deps, talk } = scene([{ outcome: 'justification' }])
    expect(await refusal(admit(deps, name, talk()))).toContain('keep changing')
  })
})
