import { Secret } from '@sallyport/crypto/secret'
import { createEgress } from '@sallyport/egress/egress'
import { laptopRules } from '@sallyport/egress/rules'
import { type TestDatabase, testDatabase } from '@sallyport/testing/postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sshExecutor } from '../src/executors/ssh/ssh-executor.ts'
import { fakeVault } from './support/fake-vault.ts'
import {
  type Account,
  allowSudo,
  makeAccount,
  noRealSshd,
  type RealSshd,
  startSshd,
} from './support/real-sshd.ts'
import { makeRig } from './support/rig.ts'

const egress = createEgress(laptopRules)
const reason = noRealSshd()

describe.skipIf(reason !== undefined)(`a rotation on a real account${reason ? ` (${reason})` : ''}`, () => {
  let db: TestDatabase
  let sshd: RealSshd
  const accounts: Account[] = []
  beforeAll(async () => {
    db = await testDatabase('execution')
    sshd = await startSshd()
  })
  afterAll(async () => {
    for (const account of accounts) account[Symbol.dispose]()
    await sshd?.[Symbol.asyncDispose]()
    await db?.[Symbol.asyncDispose]()
  })

  const executor = sshExecutor({ egress })
  const never = new AbortController().signal

  const realRig = async (privileged: boolean) => {
    const account = makeAccount('Old-secret-1')
    const helper = makeAccount('Helper-secret-1')
    accounts.push(account, helper)
    allowSudo(helper, false)
    const vault = fakeVault({
      current: 'Old-secret-1',
      username: account.name,
      target: sshd.target,
      privileged: () =>
        privileged
          ? { username: helper.name, kind: 'password', secret: Secret.fromUtf8('Helper-secret-1') }
          : undefined,
    })
    const rig = await makeRig(db, { vault, executor, privileged, template: privileged ? 1 : 0 })
    const probe = (secret: string) =>
      executor.probe(
        sshd.target,
        { username: account.name, kind: 'password', secret: Secret.fromUtf8(secret) },
        never,
      )
    return { rig, vault, probe }
  }

  // The fakes' suite and R-02 die at every place; here it is enough to die where PAM or sudo was in the middle of it.
  const places = [
    [false, 'before sent'],
    [true, 'after sending'],
    [true, 'before sent'],
  ] as const

  test.each(places)(
    '(privileged: %s) whose worker dies %s: never a lost account, never two changes',
    async (privileged, place) => {
      const { rig, vault, probe } = await realRig(privileged)
      await rig.order()
      expect(await rig.runAndDie(place)).toBe(true)
      await rig.expireLeases()
      await rig.run()
      expect(await rig.operations()).toMatchObject([{ state: 'succeeded', message: '' }])
      expect(vault.history).toHaveLength(2)
      expect(await probe(vault.current)).toBe('works')
      expect(await probe('Old-secret-1')).toBe('refused')
      const stored = JSON.stringify([await rig.attempts(), await rig.audited()])
      expect(stored).not.toContain(JSON.stringify(vault.current).slice(1, -1))
    },
  )
})
