import { randomUUID } from 'node:crypto'
import { OperationState, Trigger } from '@sallyport/contracts/execution/v1/execution'
import { eventually } from '@sallyport/testing/eventually'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { someone, type ServiceUnderTest, startUnderTest } from './support/service-under-test.ts'
import { userOf } from './support/user.ts'

let service: ServiceUnderTest
beforeAll(async () => {
  service = await startUnderTest()
})
afterAll(() => service?.[Symbol.asyncDispose]())

let alice = someone()
let bob = someone()
let user: ReturnType<typeof userOf>
beforeEach(() => {
  alice = someone()
  bob = someone()
  user = userOf(service, alice)
})

describe('a request to rotate', () => {
  test('changes the secret, and shows its attempt with a masked log', async () => {
    const request = await user.newPolicy()
    const { operation } = await service.operations.requestRotation(request, await service.as(alice))
    expect(operation).toMatchObject({
      trigger: Trigger.REQUEST,
      requestedByUserId: alice.userId,
      maxAttempts: 5,
    })
    const ended = await eventually(async () => {
      const answer = await service.operations.getOperation(
        { id: operation?.id ?? '' },
        await service.as(alice),
      )
      return answer.operation?.state === OperationState.SUCCEEDED && answer.operation
    })
    expect([...service.target.accepted]).toEqual([service.vault.current])
    const { attempts } = await service.operations.listAttempts(
      { operationId: ended.id, page: undefined },
      await service.as(alice),
    )
    expect(attempts).toMatchObject([{ number: 1, succeeded: true, step: 'promoted' }])
    expect(attempts[0]?.log).toContain('< new password is [secret]')
    expect(
      await eventually(async () => (await service.audited(alice.tenantId)).includes('rotation.succeeded')),
    ).toBe(true)
  })

  test('needs a policy', async () => {
    const refused = service.operations.requestRotation(
      { credentialId: randomUUID() },
      await service.as(alice),
    )
    await expect(refused).rejects.toMatchObject({ reason: 'rotation_policy.not_found' })
  })
})

describe('a rotation policy', () => {
  test('is for a credential on a device of the tenant only', async () => {
    const request = await user.newPolicy()
    const foreign = service.policies.putRotationPolicy(request, await service.as(bob))
    await expect(foreign).rejects.toMatchObject({ reason: 'credential.not_found' })
  })

  test('is replaced by whoever knows its version, and deleted', async () => {
    const request = await user.newPolicy()
    const { credentialId } = request
    await expect(service.policies.putRotationPolicy(request, await service.as(alice))).rejects.toMatchObject({
      reason: 'version.conflict',
    })
    const changed = { ...request, version: 1, afterSession: true }
    const { rotationPolicy } = await service.policies.putRotationPolicy(changed, await service.as(alice))
    expect(rotationPolicy).toMatchObject({ version: 2, afterSession: true })
    await service.policies.deleteRotationPolicy({ credentialId, version: 2 }, await service.as(alice))
    await expect(
      service.policies.getRotationPolicy({ credentialId }, await service.as(alice)),
    ).rejects.toMatchObject({ reason: 'rotation_policy.not_found' })
  })
})

describe('an operation', () => {
  /** One that waits: its credential has another operation's candidate at vault, so to say. */
  const waiting = async () => {
    const request = await user.newPolicy()
    service.target.reachable = false
    const { operation } = await service.operations.requestRotation(request, await service.as(alice))
    const id = operation?.id ?? ''
    const got = await eventually(async () => {
      const answer = await service.operations.getOperation({ id }, await service.as(alice))
      return (
        answer.operation?.attempts === 1 &&
        answer.operation.state === OperationState.SCHEDULED &&
        answer.operation
      )
    })
    service.target.reachable = true
    return got
  }

  test('that waits can be canceled, once, by whoever knows its version', async () => {
    const { id, version } = await waiting()
    const cancel = async (given: number) =>
      service.operations.cancelOperation({ id, version: given }, await service.as(alice))
    await expect(cancel(version + 1)).rejects.toMatchObject({ reason: 'version.conflict' })
    expect((await cancel(version)).operation).toMatchObject({ state: OperationState.CANCELED })
    await expect(cancel(version + 1)).rejects.toMatchObject({ reason: 'operation.not_cancelable' })
    const { rows } = await service.db.adminPool.query(
      'select rotation_id from execution.operations where id = $1',
      [id],
    )
    await service.vault
      .abandon({ tenantId: '', rotationId: rows[0].rotation_id, fencingToken: 99n })
      .catch(() => {})
  })

  test('that failed can be restarted', async () => {
    const { id, credentialId } = await waiting()
    await service.db.adminPool.query(`update execution.operations set state = 'failed' where id = $1`, [id])
    const { operation } = await service.operations.getOperation({ id }, await service.as(alice))
    await service.operations.restartOperation(
      { id, version: operation?.version ?? 0 },
      await service.as(alice),
    )
    await eventually(
      async () => (await user.operationsOf(credentialId))[0]?.state === OperationState.SUCCEEDED,
    )
  })

  test('of another tenant does not exist', async () => {
    const { id, version, credentialId } = await waiting()
    const options = await service.as(bob)
    const missing = { reason: 'operation.not_found' }
    await expect(service.operations.getOperation({ id }, options)).rejects.toMatchObject(missing)
    await expect(service.operations.cancelOperation({ id, version }, options)).rejects.toMatchObject(missing)
    await expect(service.operations.restartOperation({ id, version }, options)).rejects.toMatchObject(missing)
    await expect(
      service.operations.listAttempts({ operationId: id, page: undefined }, options),
    ).rejects.toMatchObject(missing)
    expect(
      (await service.operations.listOperations({ page: undefined, state: 0, credentialId }, options))
        .operations,
    ).toEqual([])
    await service.db.adminPool.query(`update execution.operations set due_at = now() where id = $1`, [id])
    await eventually(
      async () => (await user.operationsOf(credentialId))[0]?.state === OperationState.SUCCEEDED,
    )
  })
})

describe('the database', () => {
  test('shows the app role no row without a tenant, and the worker role only what it claims', async () => {
    await user.newTemplate()
    await user.newPolicy()
    for (const table of [
      'templates',
      'template_sources',
      'rotation_policies',
      'operations',
      'attempts',
      'idempotency_keys',
    ]) {
      const { rows } = await service.db.appPool.query(`select * from execution.${table}`)
      expect(rows, table).toEqual([])
    }
    const refused = /permission denied/
    await expect(service.db.workerPool.query('select * from execution.attempts')).rejects.toThrow(refused)
    await expect(service.db.workerPool.query('select message from execution.operations')).rejects.toThrow(
      refused,
    )
    await expect(
      service.db.workerPool.query('update execution.operations set credential_id = id'),
    ).rejects.toThrow(refused)
  })
})

describe('permissions', () => {
  test('are what the rows say', async () => {
    const auditor = await service.as(someone(alice.tenantId, ['operation.read']))
    const refused = { reason: 'caller.not_allowed' }
    await expect(
      service.operations.requestRotation({ credentialId: randomUUID() }, auditor),
    ).rejects.toMatchObject(refused)
    await expect(service.templates.listTemplates({ page: undefined }, auditor)).rejects.toMatchObject(refused)
    await expect(
      service.hostKeys.scanHostKeys({ deviceId: randomUUID(), port: 22 }, auditor),
    ).rejects.toMatchObject(refused)
    expect(
      (await service.operations.listOperations({ page: undefined, state: 0, credentialId: '' }, auditor))
        .operations,
    ).toEqual([])
  })
})
