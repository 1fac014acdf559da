//! What things look like, with and without colour.

use ratatui::style::{Color, Modifier, Style};

/// The styles in use.
#[derive(Debug, Clone, Copy)]
pub(in crate::command::demo) struct Palette {
    colour: bool,
}

impl Palette {
    pub(in crate::command::demo) fn new(colour: bool) -> Self {
        Self { colour }
    }

    fn of(self, colour: Color, modifier: Modifier) -> Style {
        let style = Style::new().add_modifier(modifier);
        if self.colour { style.fg(colour) } else { style }
    }

    /// The name of a node.
    pub(super) fn node(self, position: usize) -> Style {
        let colour = if position == 0 {
            Color::Cyan
        } else {
            Color::Magenta
        };
        self.of(colour, Modifier::BOLD)
    }

    /// Its curve.
    pub(super) fn curve(self, position: usize) -> Style {
        let colour = if position == 0 {
            Color::Cyan
        } else {
            Color::Magenta
        };
        self.of(colour, Modifier::empty())
    }

    pub(super) fn good(self) -> Style {
        self.of(Color::Green, Modifier::BOLD)
    }

    pub(super) fn attention(self) -> Style {
        self.of(Color::Yellow, Modifier::BOLD)
    }

    pub(super) fn bad(self) -> Style {
        self.of(Color::Red, Modifier::BOLD)
    }

    /// What is there to be found, not to be read first.
    pub(super) fn quiet(self) -> Style {
        self.of(
            Color::DarkGray,
            if self.colour {
                Modifier::empty()
            } else {
                Modifier::DIM
            },
        )
    }

    pub(super) fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }
}
