//! Themes: how things look, by what they mean.

use std::fmt;
use std::str::FromStr;

use ratatui::style::{Color, Modifier, Style};
use taskscope_model::{State, Tier};

/// How the screens are coloured. States are told by words in each of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// For terminals with a dark background.
    #[default]
    Dark,
    /// For terminals with a light background.
    Light,
    /// No colour at all: bold, dim and reversed.
    Mono,
}

/// There is no theme of that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no theme is called `{0}`: there are dark, light and mono")]
pub struct UnknownTheme(pub String);

impl Theme {
    /// All themes.
    pub const ALL: [Self; 3] = [Self::Dark, Self::Light, Self::Mono];

    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
            Self::Mono => "mono",
        }
    }

    /// The theme of a person who asked for none: [`Mono`](Self::Mono) where `NO_COLOR` is set and not empty
    /// (<https://no-color.org>), else [`Dark`](Self::Dark).
    #[must_use]
    pub fn from_environment() -> Self {
        let set = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        if set { Self::Mono } else { Self::Dark }
    }

    pub(super) fn look(self) -> Look {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        let dim = plain.add_modifier(Modifier::DIM);
        let reversed = plain.add_modifier(Modifier::REVERSED);
        let fg = |color| plain.fg(Color::Indexed(color));
        match self {
            Self::Dark => Look {
                dim: fg(245),
                strong: bold,
                rule: fg(240),
                heading: fg(250).add_modifier(Modifier::BOLD),
                accent: fg(81).add_modifier(Modifier::BOLD),
                selected: bold.fg(Color::Indexed(117)).bg(Color::Indexed(237)),
                good: fg(114),
                caution: fg(221),
                bad: fg(203).add_modifier(Modifier::BOLD),
                running: fg(114).add_modifier(Modifier::BOLD),
                scheduled: fg(180),
            },
            Self::Light => Look {
                dim: fg(242),
                strong: bold,
                rule: fg(249),
                heading: fg(238).add_modifier(Modifier::BOLD),
                accent: fg(25).add_modifier(Modifier::BOLD),
                selected: bold.fg(Color::Indexed(25)).bg(Color::Indexed(254)),
                good: fg(28),
                caution: fg(130),
                bad: fg(160).add_modifier(Modifier::BOLD),
                running: fg(28).add_modifier(Modifier::BOLD),
                scheduled: fg(94),
            },
            Self::Mono => Look {
                dim,
                strong: bold,
                rule: dim,
                heading: bold,
                accent: bold,
                selected: reversed,
                good: plain,
                caution: bold,
                bad: bold.add_modifier(Modifier::REVERSED),
                running: bold,
                scheduled: plain,
            },
        }
    }
}

impl fmt::Display for Theme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Theme {
    type Err = UnknownTheme;

    fn from_str(name: &str) -> Result<Self, UnknownTheme> {
        let found = Self::ALL.into_iter().find(|theme| theme.name() == name);
        found.ok_or_else(|| UnknownTheme(name.to_owned()))
    }
}

/// A style for each thing that is meant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    /// What is beside the point, or past.
    pub(super) dim: Style,
    /// What is to be seen first.
    pub(super) strong: Style,
    /// Lines that part the screen.
    pub(super) rule: Style,
    /// Headings of columns.
    pub(super) heading: Style,
    /// Where a person is: the tab, the sort column, keys.
    pub(super) accent: Style,
    /// The row or door that is selected.
    pub(super) selected: Style,
    /// All is as it should be.
    pub(super) good: Style,
    /// Worth a look.
    pub(super) caution: Style,
    /// What is shown is not, or no longer, so.
    pub(super) bad: Style,
    running: Style,
    scheduled: Style,
}

impl Look {
    /// The style of a finding: red only for what can't be otherwise.
    pub(super) fn tier(&self, tier: Tier) -> Style {
        match tier {
            Tier::Proven => self.bad,
            Tier::Persistent => self.caution,
            Tier::Statistical => Style::new(),
        }
    }

    /// The style of a state's word.
    pub(super) fn state(&self, state: State) -> Style {
        match state {
            State::Running => self.running,
            State::Scheduled => self.scheduled,
            State::Idle => Style::new(),
            State::Done | State::Cancelled => self.dim,
            State::Panicked => self.caution,
        }
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::Color;
    use taskscope_model::State;

    use super::Theme;

    #[test]
    fn a_theme_is_found_by_its_name() {
        for theme in Theme::ALL {
            assert_eq!(theme.name().parse(), Ok(theme));
        }
        let error = "solarized".parse::<Theme>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "no theme is called `solarized`: there are dark, light and mono"
        );
    }

    #[test]
    fn mono_has_no_colour() {
        let look = Theme::Mono.look();
        let styles = [
            look.dim,
            look.strong,
            look.rule,
            look.heading,
            look.accent,
            look.selected,
            look.good,
        ];
        let states = State::ALL.map(|state| look.state(state));
        for style in styles
            .into_iter()
            .chain([look.caution, look.bad])
            .chain(states)
        {
            assert_eq!((style.fg, style.bg), (None::<Color>, None::<Color>));
        }
    }
}
