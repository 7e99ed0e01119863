import { Secret } from '@sallyport/crypto/secret'
import { describe, expect, it } from 'vitest'
import type { BegunRotation } from '../clients/vault.ts'
import { probeBoth } from './probe.ts'

const rotation = (): BegunRotation => ({
  target: { address: '127.0.0.1', port: 22, hostKeys: [] },
  account: { username: 'root', domain: '', deviceName: 'web-1' },
  kind: 'password',
  candidate: Secret.fromUtf8('new'),
  current: Secret.fromUtf8('old'),
  privileged: undefined,
  resumed: false,
})

/** A target whose password is another one from some question on. */
const changingAt = (question: number) => {
  const asked: string[] = []
  return {
    asked,
    probe: (_target: unknown, { secret }: { secret: Secret }) => {
      const given = secret.use(bytes => bytes.toString('utf8'))
      asked.push(given)
      const right = asked.length < question ? 'old' : 'new'
      return Promise.resolve(given === right ? ('works' as const) : ('refused' as const))
    },
  }
}

const ask = (executor: ReturnType<typeof changingAt>) =>
  probeBoth({ executor, signal: new AbortController().signal, guard: () => {} }, rotation(), 'candidate')

describe('asking a target about both secrets', () => {
  it.each([
    ['before', 1, { candidate: 'works', current: 'refused' }, ['new', 'old']],
    ['between', 2, { candidate: 'works', current: 'refused' }, ['new', 'old', 'new']],
    ['after', 3, { candidate: 'refused', current: 'works' }, ['new', 'old']],
  ])('finds a change that was made %s the questions', async (_when, question, answers, asked) => {
    const target = changingAt(question)
    expect(await ask(target)).toEqual(answers)
    expect(target.asked).toEqual(asked)
  })
})
