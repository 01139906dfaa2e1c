/** The words for what the hub sends and takes; the shapes are generated from its own description (npm run types). */
import type { components } from './openapi'

type Schemas = components['schemas']

/** Words for every code of a set; asked for another one (of a newer hub, of a rule of the centre) there are none. */
export type WordsOf<Code extends string, Word> = Record<Code, Word> & Record<string, Word>

export type ProblemCode = Schemas['ProblemCode']
export type PictureCode = Schemas['PictureCode']
export type NoticeCode = Schemas['NoticeCode']
export type CameraFault = Schemas['CameraFault']
export type CameraState = Schemas['CameraState']
export type Transition = Schemas['Transition']
export type QuarantineReason = Schemas['QuarantineReason']
export type Because = Schemas['Because']
export type DayStep = Schemas['DayStep']
export type Lapse = Schemas['CardLapse']['what']
export type DeviceKind = Schemas['DeviceKind']
export type DeviceState = Schemas['DeviceState']

export type Me = Schemas['Me']
export type Role = Schemas['Role']
/** The simulators list them, and are given each role by the hub. */
export type DemoAccount = Schemas['DemoAccount'] & { role: Role }

export type AlarmCard = Schemas['AlarmCard']
export type AlarmStory = Schemas['AlarmStory']
export type Moment = AlarmStory['timeline'][number]
export type AlarmState = Schemas['AlarmState']
export type Outcome = Schemas['Outcome']
export type LinkedAlarm = Schemas['LinkedAlarm']
export type RoomCard = Schemas['RoomCard']
export type NoticeCard = Schemas['NoticeCard']
export type StaffEvents = Schemas['StaffEvents']
export type Snapshot = Schemas['Snapshot']

export type RoomDay = Schemas['RoomDay']
export type SeniorHere = Schemas['SeniorHere']
export type PresenceTapped = Schemas['PresenceTapped']
export type PresenceChange = Schemas['PresenceChange']
export type DeviceRow = Schemas['DeviceRow']
export type QuarantinedMessage = Schemas['QuarantinedMessage']

export type Ticket = Schemas['Ticket']

export type FamilyInvitation = Schemas['FamilyInvitation']
export type FamilyHome = Schemas['Home']
export type FamilyEvents = Schemas['FamilyEvents']
export type FamilyAlarm = Schemas['HerAlarm']
export type Kinship = Schemas['Kinship']

export type Stage = Schemas['Stage']
export type StageSenior = Schemas['StageSenior']
export type Light = Schemas['StageLight']
export type StepName = keyof Schemas['Steps']
