import { describe, expect, it } from 'vitest'
import { auditEvents, by, codeOf, definition } from './fixtures.ts'
import { newPerson, roleId } from './logins.ts'
import { directoryStage, newUser } from './stage.ts'

const stage = directoryStage()
const { roles, users } = stage

describe('a role', () => {
  it('gives a user what it permits, at the next call', async () => {
    const ann = await newPerson(stage.platform, stage.admin, 'ann')
    expect(
      await codeOf(users().listUsers({ page: undefined, search: '' }, await by(stage.platform, ann))),
    ).toBe('caller.not_allowed')
    const auditor = await roleId(stage.platform, stage.admin, 'auditor')
    const { user } = await users().getUser({ id: ann.id }, stage.options)
    await users().updateUser(
      { id: ann.id, version: user?.version ?? 0, roles: { ids: [auditor] } },
      stage.options,
    )
    expect(
      await codeOf(users().listUsers({ page: undefined, search: '' }, await by(stage.platform, ann))),
    ).toBe('done')
    expect((await auditEvents(stage.platform, 'user.role_assigned')).at(-1)?.target?.name).toBe('ann')
    expect((await auditEvents(stage.platform, 'call.refused')).at(0)?.details['permission']).toBe('user.read')
  })

  it('is not given by somebody who lacks what it permits', async () => {
    const { role } = await roles().createRole(
      { name: 'helpdesk', description: '', permissions: ['user.read', 'user.manage', 'role.manage'] },
      stage.options,
    )
    const help = await newPerson(stage.platform, stage.admin, 'help', [role?.id ?? ''])
    const mine = await by(stage.platform, help)
    const administrator = await roleId(stage.platform, stage.admin, 'administrator')
    expect(await codeOf(users().createUser(newUser('evil', [administrator]), mine))).toBe('role.escalation')
    const { user: self } = await users().getUser({ id: '' }, mine)
    const grab = { id: help.id, version: self?.version ?? 0, roles: { ids: [administrator] } }
    expect(await codeOf(users().updateUser(grab, mine))).toBe('role.escalation')
    expect(
      await codeOf(roles().createRole({ name: 'x', description: '', permissions: ['device.manage'] }, mine)),
    ).toBe('role.escalation')
    const wider = { id: role?.id ?? '', version: 1, permissions: { ids: ['device.manage'] } }
    expect(await codeOf(roles().updateRole(wider, mine))).toBe('role.escalation')
    // Whoever can reset an administrator's factors could become that administrator.
    expect(await codeOf(users().resetPassword({ id: stage.admin.id }, mine))).toBe('role.escalation')
    expect(await codeOf(users().resetTotp({ id: stage.admin.id }, mine))).toBe('role.escalation')
    expect(await codeOf(users().createUser(newUser('fine', [role?.id ?? '']), mine))).toBe('done')
  })

  it('of the operator cannot be given by a tenant’s administrator, nor made in another tenant', async () => {
    const operator = await roleId(stage.platform, stage.admin, 'operator')
    const administrator = await roleId(stage.platform, stage.admin, 'administrator')
    const second = await newPerson(stage.platform, stage.admin, 'second', [administrator])
    const mine = await by(stage.platform, second)
    expect(await codeOf(users().createUser(newUser('op', [operator]), mine))).toBe('role.escalation')
    expect(await codeOf(stage.platform.as('gateway').tenants.listTenants({ page: undefined }, mine))).toBe(
      'caller.not_allowed',
    )
  })

  it('that is built in, in use, or named already stays as it is', async () => {
    const user = await roleId(stage.platform, stage.admin, 'user')
    expect(await codeOf(roles().deleteRole({ id: user, version: 1 }, stage.options))).toBe('role.built_in')
    const { role } = await roles().createRole(
      { name: 'used', description: '', permissions: [] },
      stage.options,
    )
    const again = roles().createRole({ name: 'used', description: '', permissions: [] }, stage.options)
    expect(await codeOf(again)).toBe('role.name_taken')
    await users().createUser(newUser('uses-it', [role?.id ?? '']), stage.options)
    expect(await codeOf(roles().deleteRole({ id: role?.id ?? '', version: 1 }, stage.options))).toBe(
      'role.in_use',
    )
  })
})

describe('the last administrator', () => {
  it('cannot be disabled, deleted or lose the role, by himself or another', async () => {
    const { user } = await users().getUser({ id: stage.admin.id }, stage.options)
    const version = user?.version ?? 0
    // "second" of the tests above is an administrator too: let him go first.
    const { users: all } = await users().listUsers({ page: undefined, search: 'second' }, stage.options)
    for (const one of all) await users().deleteUser({ id: one.id, version: one.version }, stage.options)
    const id = stage.admin.id
    expect(await codeOf(users().updateUser({ id, version, disabled: true }, stage.options))).toBe(
      'user.last_administrator',
    )
    expect(await codeOf(users().updateUser({ id, version, roles: { ids: [] } }, stage.options))).toBe(
      'user.last_administrator',
    )
    expect(await codeOf(users().deleteUser({ id, version }, stage.options))).toBe('user.last_administrator')
    expect(await codeOf(users().getUser({ id: '' }, stage.options))).toBe('done')
  })
})

describe('an access group', () => {
  const create = (changes: Parameters<typeof definition>[0]) =>
    stage.platform
      .as('gateway')
      .accessGroups.createAccessGroup({ definition: definition(changes) }, stage.options)

  it.each([
    ['an unknown user', { userIds: ['0197a1b2-0000-7000-8000-000000000001'] }, 'user.not_found'],
    [
      'approval by nobody',
      { session: { allowed: true, justification: false, approvals: 1, maxWindowSeconds: 0 } },
      'request.invalid',
    ],
    [
      'an endless window',
      { session: { allowed: true, justification: false, approvals: 0, maxWindowSeconds: 2 ** 31 - 1 } },
      'request.invalid',
    ],
    ['no name', { name: ' ' }, 'request.invalid'],
  ])('with %s is refused', async (_title, changes, reason) => {
    expect(await codeOf(create(changes))).toBe(reason)
  })

  it('may hold the default window only as the default', async () => {
    const { accessGroup } = await create({ name: 'default window' })
    expect(accessGroup?.definition?.session?.maxWindowSeconds).toBe(8 * 3600)
    expect(accessGroup?.definition?.view?.allowed).toBe(false)
    expect(accessGroup?.warnings[0]).toContain('every credential')
  })
})

describe('without an audit record', () => {
  it('nothing changes', async () => {
    const { adminPool } = stage.platform.database
    await adminPool.query('revoke insert on access_control.outbox from sallyport_access_control')
    try {
      expect(await codeOf(users().createUser(newUser('unrecorded'), stage.options))).toBe('audit.unavailable')
    } finally {
      await adminPool.query('grant insert on access_control.outbox to sallyport_access_control')
    }
    expect((await users().listUsers({ page: undefined, search: 'unrecorded' }, stage.options)).users).toEqual(
      [],
    )
  })
})
