/** The words of signing in and of the first password. */
import { inLanguage, type InBoth } from '../../lib/language.svelte'

const zh = {
  signIn: '登录',
  account: '账号',
  password: '密码',
  showPassword: '显示密码',
  accountMissing: '请填账号。',
  passwordMissing: '请填密码。',
  demoAccounts: '演示账号：点一下就能登录',
  roles: {
    staff: '工作人员',
    social_worker: '社工',
    lead: '组长',
    grid_head: '网格楼院长',
    street_office: '街道',
    family: '家属',
    auditor: '审计',
    administrator: '管理员',
  },
  welcome: {
    title: '欢迎来到安铃',
    choose: (name: string) => `${name}，请给自己定一个密码`,
    admin: '您是第一位管理员',
    name: '您的姓名',
    nameMissing: '请填您的姓名。',
    newPassword: '新密码（至少 12 位）',
    tooShort: '密码太短，请至少用 12 位。',
    goIn: '保存并进入',
  },
}

const en: typeof zh = {
  signIn: 'Sign in',
  account: 'Account',
  password: 'Password',
  showPassword: 'Show password',
  accountMissing: 'Please fill in the account.',
  passwordMissing: 'Please fill in the password.',
  demoAccounts: 'Demo accounts: one tap signs you in',
  roles: {
    staff: 'Staff',
    social_worker: 'Social worker',
    lead: 'Lead',
    grid_head: 'Building head',
    street_office: 'Street office',
    family: 'Family',
    auditor: 'Auditor',
    administrator: 'Administrator',
  },
  welcome: {
    title: 'Welcome to Anling',
    choose: (name: string) => `${name}, please choose a password`,
    admin: 'You are the first administrator',
    name: 'Your name',
    nameMissing: 'Please fill in your name.',
    newPassword: 'New password (at least 12 characters)',
    tooShort: 'This password is too short: at least 12 characters, please.',
    goIn: 'Save and go in',
  },
}

export const loginWords: InBoth<typeof zh> = { 'zh-CN': zh, en }

/** The same in the language of the page. */
export const loginSays = inLanguage(loginWords)
