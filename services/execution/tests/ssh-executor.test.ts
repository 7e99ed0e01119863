import { Secret } from '@sallyport/crypto/secret'
import { createEgress } from '@sallyport/egress/egress'
import { laptopRules } from '@sallyport/egress/rules'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { builtInTemplates } from '../src/domain/template/built-in.ts'
import { parseTemplate } from '../src/domain/template/parse.ts'
import { logCapture } from '../src/executors/log-capture.ts'
import { scanHostKeys } from '../src/executors/ssh/scan-host-keys.ts'
import { sshExecutor } from '../src/executors/ssh/ssh-executor.ts'
import {
  type Account,
  allowSudo,
  makeAccount,
  noRealSshd,
  type RealSshd,
  startSshd,
} from './support/real-sshd.ts'

const egress = createEgress(laptopRules)
const reason = noRealSshd()
const executor = sshExecutor({ egress })
const bytes = (text: string) => new TextEncoder().encode(text)
const never = new AbortController().signal

const template = (source: string) => {
  const parsed = parseTemplate(source)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return parsed.template
}

const builtIn = (index: number) => template(builtInTemplates[index]?.source ?? '')

const allPrintable = Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index)).join('')

describe.skipIf(reason !== undefined)(
  `the SSH executor on a real sshd${reason ? ` (${reason})` : ''}`,
  () => {
    let sshd: RealSshd
    const accounts: Account[] = []
    const account = (password: string) => {
      const made = makeAccount(password)
      accounts.push(made)
      return made
    }

    beforeAll(async () => {
      sshd = await startSshd()
    })
    afterAll(async () => {
      for (const each of accounts) each[Symbol.dispose]()
      await sshd?.[Symbol.asyncDispose]()
    })

    const probe = (username: string, password: string) =>
      executor.probe(sshd.target, { username, kind: 'password', secret: Secret.fromUtf8(password) }, never)

    type Change = { who: Account; next: string; as?: Account; source?: ReturnType<typeof template> }

    const change = async ({ who, next, as = who, source = builtIn(0) }: Change) => {
      const capture = logCapture()
      capture.hide([bytes(who.password), bytes(next), bytes(as.password)])
      try {
        await executor.run({
          target: sshd.target,
          signIn: { username: as.name, kind: 'password', secret: Secret.fromUtf8(as.password) },
          template: source,
          values: {
            USERNAME: bytes(who.name),
            CURRENT_PASSWORD: bytes(who.password),
            NEW_PASSWORD: bytes(next),
            AUTH_PASSWORD: bytes(as.password),
          },
          capture,
          guard: () => {},
          onSignedIn: async () => {},
          signal: never,
        })
      } finally {
        const log = capture.lines().join('\n')
        for (const secret of [who.password, next, as.password]) expect(log).not.toContain(secret)
      }
      return capture.lines()
    }

    test('changes an account’s own password, and both answers prove it', async () => {
      const who = account('Old-secret-1')
      const log = await change({ who, next: 'New-secret-22' })
      expect(log.join('\n')).toContain('Retype new password:')
      expect(await probe(who.name, 'New-secret-22')).toBe('works')
      expect(await probe(who.name, 'Old-secret-1')).toBe('refused')
    })

    test.each([
      ['every printable ASCII character', allPrintable],
      ['a colon, quotes and shell syntax', `:a'b"c$(id)\`d\\;[#IP#] x`],
      ['other alphabets', 'pässwört-密码-🔑'],
    ])('sets a password of %s, by passwd and by chpasswd', async (_, next) => {
      const who = account('Old-secret-1')
      await change({ who, next })
      expect(await probe(who.name, next)).toBe('works')
      who.setPassword(next)
      const helper = account('Helper-secret-1')
      allowSudo(helper, false)
      await change({ who, next: `${next}2`, as: helper, source: builtIn(1) })
      expect(await probe(who.name, `${next}2`)).toBe('works')
    })

    test('changes another account’s password as one that types its own password for sudo', async () => {
      const [who, helper] = [account('Old-secret-1'), account(`H'el$per "secret" 1`)]
      allowSudo(helper, true)
      await change({ who, next: 'New:secret-22', as: helper, source: builtIn(2) })
      expect(await probe(who.name, 'New:secret-22')).toBe('works')
    })

    test('fails, and changes nothing, where sudo does not allow it', async () => {
      const [who, helper] = [account('Old-secret-1'), account('Helper-secret-1')]
      await expect(
        change({ who, next: 'New-secret-22', as: helper, source: builtIn(1) }),
      ).rejects.toMatchObject({
        failure: 'command_failed',
      })
      expect(await probe(who.name, 'Old-secret-1')).toBe('works')
    })

    test('says when the account cannot sign in, and when the target refuses the new password', async () => {
      const who = account('Old-secret-1')
      who.password = 'wrong'
      await expect(change({ who, next: 'New-secret-22' })).rejects.toMatchObject({
        failure: 'authentication_failed',
      })
      who.password = 'Old-secret-1'
      await expect(change({ who, next: 'abc' })).rejects.toMatchObject({ failure: 'unexpected_output' })
      expect(await probe(who.name, 'Old-secret-1')).toBe('works')
    })

    test('sends nothing to a server with another host key, or if none is pinned', async () => {
      const who = account('Old-secret-1')
      const signIn = { username: who.name, kind: 'password', secret: Secret.fromUtf8(who.password) } as const
      const other = Buffer.from(sshd.target.hostKeys[0] ?? [])
      other.writeUInt8(other.readUInt8(other.length - 1) ^ 1, other.length - 1)
      for (const hostKeys of [[other], []]) {
        expect(await executor.probe({ ...sshd.target, hostKeys }, signIn, never)).toBe('unreachable')
      }
    })

    test('does not take a server that is away, or takes no passwords, for one that refuses', async () => {
      const who = account('Old-secret-1')
      const signIn = { username: who.name, kind: 'password', secret: Secret.fromUtf8(who.password) } as const
      await sshd.stop()
      expect(await executor.probe(sshd.target, signIn, never)).toBe('unreachable')
      await sshd.start()
      expect(await executor.probe(sshd.target, signIn, never)).toBe('works')
    })

    test('sees the host keys that the server shows', async () => {
      const { address, port, hostKeys } = sshd.target
      const keys = await scanHostKeys({ address, port, egress, signal: never })
      expect(keys.map(key => key.toString('hex'))).toEqual(
        hostKeys.map(key => Buffer.from(key).toString('hex')),
      )
    })

    test('puts values as single words into a command line', async () => {
      const who = account('Old-secret-1')
      const source = template(
        'set-terminal off\nexec printf \'<%s>\' [#NEW_PASSWORD#] "[#NEW_PASSWORD#]" | od -c\nend',
      )
      const log = await change({ who, next: `a'b "$(id)"`, source })
      expect(log.join('\n')).not.toContain('uid=')
    })

    test('waits no longer than the read timeout, fails on forbidden output, and checks the status', async () => {
      const who = account('Old-secret-1')
      const failing = (source: string) => change({ who, next: 'unused', source: template(source) })
      await expect(failing('set-read-timeout 0.2\nexec sleep 5\nexpect never')).rejects.toMatchObject({
        failure: 'timeout',
      })
      await expect(failing('exec echo so BAD\nno-expect BAD\nend')).rejects.toMatchObject({
        failure: 'unexpected_output',
      })
      await expect(failing('exec exit 3\nend')).rejects.toThrow('status 3')
      await expect(failing('exec exit 3\nend 3')).resolves.toBeDefined()
      await expect(failing('exec yes\nexpect never')).rejects.toThrow('too much')
      await expect(failing('exec echo a\nexpect b')).rejects.toThrow(
        'Line 2: The command ended too early, with status 0',
      )
    })

    test('talks to an interactive shell too', async () => {
      const who = account('Old-secret-1')
      const source = template('exec\nwrite echo $((6 * 7))\nexpect 42\nwrite exit 0\nend')
      expect((await change({ who, next: 'unused', source })).join('\n')).toContain('42')
    })

    test('stops at once when it is told to, or when it may not act any more', async () => {
      const who = account('Old-secret-1')
      const controller = new AbortController()
      const run = (guard: () => void, signal: AbortSignal) =>
        executor.run({
          target: sshd.target,
          signIn: { username: who.name, kind: 'password', secret: Secret.fromUtf8(who.password) },
          template: template('exec echo ready; sleep 30\nexpect ready\nexpect never'),
          values: {},
          capture: {
            note: line => line.startsWith('3') && controller.abort(),
            output: () => ({ write: () => {}, end: () => {} }),
          },
          guard,
          onSignedIn: async () => {},
          signal,
        })
      await expect(run(() => {}, controller.signal)).rejects.toMatchObject({ failure: 'interrupted' })
      const lost = () => {
        throw new Error('lease lost')
      }
      await expect(run(lost, never)).rejects.toThrow('lease lost')
    })
  },
)
