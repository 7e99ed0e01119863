/** How a record goes over the wire. */
export type DestinationFormat = 'cef' | 'ocsf' | 'ocsf-lines'

/** What an administrator chooses about a receiver of the trail. */
export type DestinationSettings = {
  readonly name: string
  readonly host: string
  readonly port: number
  readonly format: DestinationFormat
  /** PEM; empty: the authorities that Node trusts. */
  readonly authority: string
  readonly disabled: boolean
}

/** A receiver and how far it is. */
export type Destination = DestinationSettings & {
  readonly id: string
  readonly tenantId: string
  /** It has read every record up to this one. */
  readonly position: number
  readonly deliveredAt: Date | undefined
  readonly failingSince: Date | undefined
  readonly failure: string
  readonly version: number
  readonly createdAt: Date
}

/** Each is read on its own, so that none slows another; still, each reads the whole trail. */
export const maxDestinations = 20

const settingNames: readonly (keyof DestinationSettings)[] = [
  'name',
  'host',
  'port',
  'format',
  'authority',
  'disabled',
]

/** The names of the settings that differ. */
export const changedSettings = (before: DestinationSettings, after: DestinationSettings): string[] =>
  settingNames.filter(setting => before[setting] !== after[setting])
