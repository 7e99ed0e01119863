import { eventually } from '@sallyport/testing/eventually'
import { as, type Cast, of, type Page, type Speaker } from './cast.ts'

/** Access groups, requests and decisions: dora asks, the administrator decides. */
export const access = async ({ admin, tenant }: Cast, dora: Speaker, doraId: string): Promise<void> => {
  const { credential, device, user } = tenant.ids
  const definition = (name: string) => ({
    name,
    userIds: [doraId],
    criteria: { deviceTags: tenant.name },
    session: { allowed: true, approvals: 1 },
    approverUserIds: [tenant.admin.userId],
  })
  await admin('previewAccessGroup', { body: definition('preview') })
  const group = await admin('createAccessGroup', { body: definition('walked') })
  await admin<Page>('listAccessGroups')
  await admin('getAccessGroup', of(group))
  const changed = await admin('updateAccessGroup', as(group, { body: definition('walked on') }))
  const about = `userId=${user}&credentialId=${credential}&deviceId=${device}&action=session`
  await admin('explainAccess', { query: about })
  await dora<Page>('listTargets')
  const ask = () =>
    dora('createRequest', {
      body: {
        credentialId: credential,
        deviceId: device,
        action: 'session',
        justification: 'the disk is full',
      },
    })
  const first = await ask()
  await dora<Page>('listRequests')
  await dora('getRequest', of(first))
  await dora('cancelRequest', as(first))
  await admin('disapproveRequest', as(await ask(), { body: { comment: 'not today' } }))
  const approved = await admin('approveRequest', as(await ask(), { body: { comment: 'fine' } }))
  await admin('revokeRequest', as(approved, { body: {} }))
  await admin<Page>('listGrants', { query: 'live=true' })
  await admin('deleteAccessGroup', as(changed))
}

/** What was done and who saw it. */
export const evidence = async ({ admin, tenant }: Cast, liveSessionId: string): Promise<void> => {
  const ended = of({ id: tenant.ids.session })
  await admin<Page>('listSessions', { query: 'state=live' })
  await admin('getSession', ended)
  await admin('downloadRecording', ended)
  await admin('verifyRecording', ended)
  await admin('watchSession', of({ id: liveSessionId }))
  await admin('terminateSession', of({ id: liveSessionId }, { body: { reason: 'the walk is over' } }))
  await admin<Page>('listAuditRecords', { query: 'limit=200' })
  await admin('getAuditRecord', { params: { sequence: '1' } })
  await eventually(async () => (await admin<Page>('listCheckpoints')).items.length > 0, 30_000)
  await admin('proveAuditRecord', { params: { sequence: '1' } })
  await admin('verifyAuditChain')
}

/** Where the trail is sent: nobody listens there, and it waits. */
export const destinations = async ({ admin }: Cast): Promise<void> => {
  const settings = { name: 'walked', host: '127.0.0.1', port: 9, format: 'cef' }
  const made = await admin('createAuditDestination', { body: { ...settings, from: 1 } })
  await admin<Page>('listAuditDestinations')
  const disabled = { ...settings, disabled: true }
  const changed = await admin('updateAuditDestination', as(made, { body: disabled }))
  const again = await admin('replayAuditDestination', as(changed, { body: { from: 1 } }))
  await admin('getAuditDestination', of(again))
  await admin('deleteAuditDestination', as(again))
}
