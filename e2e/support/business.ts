import { createPerson } from '@sallyport/standalone/demo/scene'
import type { Person } from '@sallyport/standalone/demo/person'
import { verifyTrail } from '@sallyport/standalone/demo/verify-trail'
import { runLibraryShell } from '@sallyport/targets/ssh-library-client'
import type { SshRun } from '@sallyport/targets/ssh-client'
import { eventually } from '@sallyport/testing/eventually'
import { expect } from 'vitest'
import { missingOf, settled, unrecordedOf } from './load/accounts.ts'
import { type Rotations, startRotations } from './load/rotations.ts'
import { type Sessions, startSessions } from './load/sessions.ts'
import { startWriters, type Writers } from './load/writers.ts'
import type { Processes } from './processes.ts'
import { opens, operationsOf, reveal, setPolicy } from './rotation.ts'
import { shows } from './seen.ts'
import { openSmallHost } from './small-host.ts'
import { allow, type Guarded, guard, type Host } from './stage.ts'
import { connectSuperuserAt, type Superuser } from './superuser.ts'

type Versioned = { readonly id: string; readonly version: number }

/** People who write, change passwords and run commands in sessions, all the time. */
export type Load = AsyncDisposable & {
  readonly writers: Writers
  readonly rotations: Rotations
  readonly sessions: Sessions
}

/** A shell of somebody new, who may have it until the access group is deleted. */
export type OpenShell = { readonly shell: SshRun; readonly access: Versioned; readonly person: Person }

/** Who works with a platform: hosts with guarded accounts, and people who may use them. */
export type Business = AsyncDisposable & {
  readonly hosts: readonly Host[]
  readonly guarded: readonly Guarded[]
  /** Gives somebody new the right to see the guarded passwords. */
  readonly reader: () => Promise<Person>
  /** Two people write unless told how many. */
  readonly startLoad: (writers?: number) => Load
  /** Waits until there is more of everything than there was. */
  readonly goesOn: (load: Load) => Promise<void>
  /** All that was acknowledged is there once and in the trail once, passwords are known, and the chain is whole. */
  readonly expectNothingLost: (load: Load) => Promise<void>
  readonly openShell: (name: string) => Promise<OpenShell>
  /** Takes the shell's access away; gives how long it went on after that, in milliseconds. */
  readonly cut: (shell: OpenShell) => Promise<number>
}

/** How many hosts: sessions go to the first, the passwords of the others change. */
const hostCount = 2

export const openBusiness = async (platform: Processes, admin: Person, tag: string): Promise<Business> => {
  await using stack = new AsyncDisposableStack()
  const visitors = [
    await createPerson(admin.api, `${tag}-dora`, 'user'),
    await createPerson(admin.api, `${tag}-emil`, 'user'),
  ]
  // Writes all that a person may in a minute, and nobody else is to wait for that.
  const writer = await createPerson(admin.api, `${tag}-walter`, 'administrator')
  const hosts = await Promise.all(
    Array.from({ length: hostCount }, async () => stack.use(await openSmallHost())),
  )
  const guarded = await Promise.all(hosts.map(host => guard(admin.api, host, tag)))
  for (const one of guarded) await setPolicy(admin.api, one, { maxAttempts: 20 })
  await allow(admin.api, tag, visitors, { session: { allowed: true } })
  const [host, web] = [hosts[0] ?? fail(), guarded[0] ?? fail()]

  let readers = 0
  const reader = async (): Promise<Person> => {
    readers += 1
    const person = await createPerson(admin.api, `${tag}-reader-${readers}`, 'user')
    await allow(admin.api, tag, [person], { view: { allowed: true } })
    return person
  }
  const startLoad = (writers = 2): Load => {
    const load = new AsyncDisposableStack()
    const target = { username: host.account.username, deviceName: web.deviceName }
    return {
      writers: load.use(startWriters(writer.api, writers)),
      rotations: load.use(startRotations(admin.api, guarded.slice(1))),
      sessions: load.use(startSessions(platform, visitors, target)),
      [Symbol.asyncDispose]: () => load.disposeAsync(),
    }
  }
  const expectNothingLost = async (load: Load): Promise<void> => {
    await load[Symbol.asyncDispose]()
    await using superuser = await connectSuperuserAt(platform.postgres.adminUrl())
    const acknowledged = load.writers.acknowledged()
    expect(load.writers.surprises()).toEqual([])
    // A worker that was killed leaves its lease behind.
    await superuser.query(`update execution.operations set lease_until = now() where state = 'running'`)
    await settled(superuser)
    expect(await missingOf(superuser, acknowledged), 'acknowledged and not stored').toEqual([])
    await eventually(async () => (await unrecordedOf(superuser, acknowledged)).length === 0, 60_000)
    const { api } = await reader()
    for (const [index, one] of hosts.entries()) {
      const { secret } = await reveal(api, guarded[index] ?? fail())
      expect(await opens(one, secret), 'the password in the vault').toBe(true)
    }
    expect(await deadLetters(superuser), 'events that could not be applied').toEqual([])
    const operations = (await Promise.all(guarded.map(one => operationsOf(admin.api, one)))).flat()
    expect(operations.filter(({ state }) => state !== 'succeeded')).toEqual([])
    expect(await verifyTrail(platform)).toMatchObject({ intact: true })
  }
  const openShell = async (name: string): Promise<OpenShell> => {
    const person = await createPerson(admin.api, name, 'user')
    const access = await allow(admin.api, tag, [person], { session: { allowed: true } })
    const shell = await runLibraryShell({
      port: platform.sshPort,
      loginName: `${name}[${host.account.username}@${web.deviceName}]`,
      password: person.password,
      code: await person.nextCode(),
      hostKey: platform.sshHostKey,
    })
    shell.write('echo here I am\n')
    await shows(shell, 'here I am', 30_000)
    return { shell, access, person }
  }
  const owned = stack.move()
  return {
    hosts,
    guarded,
    reader,
    startLoad,
    goesOn,
    expectNothingLost,
    openShell,
    cut: async ({ shell, access }) => {
      const startedAt = performance.now()
      await admin.api.delete(`/access-groups/${access.id}`, access.version)
      await shell.exit
      return performance.now() - startedAt
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

const goesOn = async ({ writers, rotations, sessions }: Load): Promise<void> => {
  const count = (): number[] => [writers.acknowledged().length, rotations.ended(), sessions.succeeded()]
  const before = count()
  await eventually(() => count().every((now, index) => now > (before[index] ?? 0)), 90_000)
}

/** Why events could not be applied. */
const deadLetters = async (superuser: Superuser): Promise<unknown[]> => {
  const causes = ['access_control', 'vault', 'execution', 'session_proxy', 'audit'].map(
    schema => `select consumer, type, cause from ${schema}.dead_letters`,
  )
  return superuser.query(causes.join(' union all '))
}

const fail = (): never => {
  throw new Error('There is none')
}
