//! Whether colours are used: the option decides, then the environment, then whether there is a terminal.

use super::Colour;

impl Colour {
    /// Whether they are used where there is a terminal, or none.
    pub(super) fn is_wanted(self, terminal: bool) -> bool {
        self.decided(terminal, |name| std::env::var(name).unwrap_or_default())
    }

    fn decided(self, terminal: bool, environment: impl Fn(&str) -> String) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto if !environment("NO_COLOR").is_empty() => false,
            Self::Auto if !matches!(&*environment("CLICOLOR_FORCE"), "" | "0") => true,
            Self::Auto if environment("CLICOLOR") == "0" || environment("TERM") == "dumb" => false,
            Self::Auto => terminal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_option_decides_before_the_environment_and_that_before_the_terminal() {
        let decided = |colour: Colour, terminal, set: &[(&str, &str)]| {
            let value = |name: &str| set.iter().find(|(it, _)| *it == name).map_or("", |(_, value)| value).to_owned();
            colour.decided(terminal, value)
        };
        assert!(decided(Colour::Auto, true, &[]) && !decided(Colour::Auto, false, &[]));
        assert!(decided(Colour::Always, false, &[("NO_COLOR", "1")]));
        assert!(!decided(Colour::Never, true, &[("CLICOLOR_FORCE", "1")]));
        assert!(decided(Colour::Auto, false, &[("CLICOLOR_FORCE", "1")]));
        assert!(!decided(Colour::Auto, false, &[("CLICOLOR_FORCE", "0")]));
        for off in [("NO_COLOR", "1"), ("CLICOLOR", "0"), ("TERM", "dumb")] {
            assert!(!decided(Colour::Auto, true, &[off]), "{off:?}");
        }
        assert!(!decided(Colour::Auto, true, &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]));
        assert!(decided(Colour::Auto, true, &[("NO_COLOR", ""), ("CLICOLOR", "1"), ("TERM", "xterm")]));
    }
}
