import { as, type Cast, of, type Versioned, type Page } from './cast.ts'

const rules = { length: 20, minDigits: 2 }

/** Devices, credentials and what describes them. */
export const inventory = async ({ admin, host }: Cast): Promise<void> => {
  const profile = await admin('createStrengthProfile', { body: { name: 'walked', rules } })
  await admin<Page>('listStrengthProfiles')
  await admin('getStrengthProfile', of(profile))
  const { port } = host.server
  const body = {
    name: 'walked',
    address: '127.0.0.1',
    type: 'linux',
    connectivities: [{ protocol: 'ssh', port }],
  }
  const device = await admin('createDevice', { body })
  await admin<Page>('listDevices', { query: 'search=walk' })
  const scan = await admin<Page<{ publicKey: string }>>('scanHostKeys', of(device, { body: { port } }))
  const publicKeys = scan.items.map(({ publicKey }) => publicKey)
  const pinned = await admin('pinHostKeys', as(device, { body: { port, publicKeys } }))
  const moved = await admin('updateDevice', as(pinned, { body: { site: 'ams' } }))
  const credential = await admin('createCredential', {
    body: { username: 'walker', type: 'local-user', secretKind: 'password', deviceIds: [device.id] },
  })
  await admin<Page>('listCredentials')
  const set = await admin('setSecret', as(credential, { body: { secret: 'a first secret' } }))
  await admin<Page>('listVersions', of(credential))
  const kept = await admin(
    'updateCredential',
    as(set, { body: { strengthProfileId: null, notes: 'walked' } }),
  )
  await admin('getCredential', of(kept))
  await admin('deleteCredential', as(kept))
  await admin('getDevice', of(moved))
  await admin('deleteDevice', as(moved))
  await admin(
    'deleteStrengthProfile',
    as(await admin('updateStrengthProfile', as(profile, { body: { rules } }))),
  )
}

/** Seeing a secret, and giving it back. */
export const reveals = async ({ admin, tenant }: Cast): Promise<void> => {
  const { device, custody } = tenant.ids
  const { items } = await admin<Page<{ credentialId: string }>>('listCustodies')
  await admin('checkIn', of({ id: custody }))
  const reveal = of({ id: items[0]?.credentialId ?? '' }, { body: { deviceId: device } })
  const { ticket, custodyId } = await admin<{ ticket: string; custodyId: string }>('revealCredential', reveal)
  await admin('redeemRevealTicket', { body: { ticket } })
  await admin('forceCheckIn', of({ id: custodyId }, { body: { reason: 'needed elsewhere' } }))
}

type Operation = Versioned & { state: string; dueAt: string | null }

/** Templates, policies and operations. Nothing listens where these operations go. */
export const rotations = async (
  { admin, tenant }: Cast,
  until: (check: () => Promise<Operation | false>) => Promise<Operation>,
): Promise<void> => {
  const body = { name: 'walked', executor: 'ssh', source: 'exec "true"\n' }
  const template = await admin('createTemplate', { body })
  const { items: templates } = await admin<Page<Versioned & { name: string }>>('listTemplates', {
    query: 'limit=200',
  })
  await admin('getTemplate', of(template))
  await admin('deleteTemplate', as(await admin('updateTemplate', as(template, { body: { name: 'w' } }))))
  await admin('getRotationPolicy', of({ id: tenant.ids.credential }))
  await admin<Page>('listAttempts', of({ id: tenant.ids.operation }))
  await admin<Page>('listOperations')
  const templateId = templates.find(({ name }) => name === 'Linux: change own password')?.id
  const deaf = await deafCredential({ admin })
  const policy = (maxAttempts: number) => ({ deviceId: deaf.deviceId, templateId, maxAttempts })
  const made = await admin('putRotationPolicy', of(deaf, { ifMatch: 0, body: policy(1) }))
  const asked = await admin('requestRotation', of(deaf))
  const operation = (isSo: (now: Operation) => boolean): Promise<Operation> =>
    until(async () => {
      const now = await admin<Operation>('getOperation', of(asked))
      return isSo(now) && now
    })
  const isOver = ({ state }: Operation): boolean => ['failed', 'unknown'].includes(state)
  // One that is due at once would be running before it could be canceled.
  const isPutOff = ({ state, dueAt }: Operation): boolean =>
    state === 'scheduled' && Date.parse(dueAt ?? '') > Date.now() + 1_000
  await admin('restartOperation', as(await operation(isOver)))
  await admin('cancelOperation', as(await operation(isPutOff)))
  await admin('deleteRotationPolicy', as({ id: deaf.id, version: made.version }))
}

const deafCredential = async ({ admin }: Pick<Cast, 'admin'>): Promise<Versioned & { deviceId: string }> => {
  const connectivities = [{ protocol: 'ssh', port: 1 }]
  const device = await admin('createDevice', {
    body: { name: 'deaf', address: '127.0.0.1', type: 'linux', connectivities },
  })
  const body = {
    port: 1,
    publicKeys: ['AAAAC3NzaC1lZDI1NTE5AAAAIGJlmXgXvGdp8FQuVQ4W0QHGxIUI4Mm0E1Kx5sU0B1xC'],
  }
  await admin('pinHostKeys', as(device, { body }))
  const credential = await admin('createCredential', {
    body: {
      username: 'nobody',
      type: 'local-user',
      secretKind: 'password',
      deviceIds: [device.id],
      initialSecret: { secret: 'never heard' },
    },
  })
  return { ...credential, deviceId: device.id }
}
