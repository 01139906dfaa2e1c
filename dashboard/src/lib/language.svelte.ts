/** Which language this page speaks, and where the choice is kept. */

export const LANGUAGES = ['zh-CN', 'en'] as const
export type Language = (typeof LANGUAGES)[number]
export type InBoth<Words> = Record<Language, Words>

const KEPT_AS = 'anling-language'

function kept(): Language | null {
  try {
    const value = localStorage.getItem(KEPT_AS)
    return value === 'zh-CN' || value === 'en' ? value : null
  } catch {
    return null // storage is forbidden in some private windows
  }
}

class LanguageChoice {
  current = $state<Language>(kept() ?? 'zh-CN')

  constructor() {
    if (typeof document === 'undefined') return
    document.documentElement.lang = this.current
    // the screens of the stage, and other tabs of this browser, follow a choice at once
    addEventListener('storage', (event) => {
      if (event.key === KEPT_AS) this.show(kept() ?? this.current)
    })
  }

  /** A person tapped the switch: her choice is kept for this device. */
  choose(language: Language): void {
    this.show(language)
    try {
      localStorage.setItem(KEPT_AS, language)
    } catch {
      // storage is forbidden in some private windows: the choice lasts as long as the page
    }
  }

  /** The language of the account, unless somebody chose another one on this device. */
  suggest(language: Language): void {
    this.show(kept() ?? language)
  }

  private show(language: Language): void {
    this.current = language
    document.documentElement.lang = language
  }
}

export const language = new LanguageChoice()

/** What gives the words of a book in the current language: `export const roomSays = inLanguage(roomWords)`. */
export function inLanguage<Words>(book: InBoth<Words>): () => Words {
  return () => book[language.current]
}

/** The word of two that belongs to the current language: names come from the hub in both. */
export function named(thing: { name: string; name_en: string }): string {
  return language.current === 'en' ? thing.name_en : thing.name
}

export function addressed(senior: { address_as: string; address_as_en: string }): string {
  return language.current === 'en' ? senior.address_as_en : senior.address_as
}

/** A text that the hub wrote in every language, in the one of the page. */
export function written(text: Record<string, string>): string {
  return text[language.current] ?? text['zh-CN'] ?? ''
}
