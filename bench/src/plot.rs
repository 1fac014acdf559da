//! A picture of figures against a number of rows, as SVG: a logarithmic axis, a few lines, readable in the dark too.

use std::fmt::Write;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 60.0;
const RIGHT: f64 = 110.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 40.0;

/// Told apart by colour and, for those who cannot, by dashes.
const STYLES: [(&str, &str); 3] = [("#0072b2", "none"), ("#d55e00", "6 3"), ("#009e73", "2 3")];

const HEAD: &str = "<style>text { font: 12px sans-serif; fill: #222 } .axis { stroke: #888 } .grid { stroke: #8884 } \
                    @media (prefers-color-scheme: dark) { text { fill: #ddd } }</style>\n";

/// One line of a plot.
#[derive(Debug)]
pub(crate) struct Line {
    name: String,
    points: Vec<(i64, f64)>,
}

impl Line {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            points: Vec::new(),
        }
    }

    /// Adds a point; they come in the order of their rows.
    pub(crate) fn point(&mut self, rows: i64, value: f64) {
        self.points.push((rows, value));
    }
}

/// Lines over the same rows.
#[derive(Debug)]
pub(crate) struct Plot {
    pub(crate) title: &'static str,
    pub(crate) lines: Vec<Line>,
}

impl Plot {
    pub(crate) fn svg(&self) -> String {
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{0}\">\n\
             {HEAD}<text x=\"{LEFT}\" y=\"20\">{0}</text>\n",
            self.title
        );
        let frame = Frame::of(&self.lines);
        frame.draw_axes(&mut svg);
        for (line, (colour, dashes)) in self.lines.iter().zip(STYLES.iter().cycle()) {
            let points: Vec<String> = line
                .points
                .iter()
                .map(|(rows, value)| format!("{:.1},{:.1}", frame.x(*rows), frame.y(*value)))
                .collect();
            let _ = writeln!(
                svg,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"{dashes}\"/>",
                points.join(" ")
            );
            if let Some((rows, value)) = line.points.last() {
                let (x, y) = (frame.x(*rows) + 8.0, frame.y(*value) + 4.0);
                let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", line.name);
            }
        }
        svg + "</svg>\n"
    }
}

/// The scales: powers of ten of rows to the right, values from zero upwards.
struct Frame {
    decades: (f64, f64),
    highest: f64,
}

impl Frame {
    fn of(lines: &[Line]) -> Self {
        let points = || lines.iter().flat_map(|line| &line.points);
        let decades = points().map(|(rows, _)| decade(*rows));
        let highest = points().map(|(_, value)| *value).fold(1.0, f64::max);
        Self {
            decades: decades.fold((f64::INFINITY, 0.0), |(low, high), d| {
                (low.min(d), f64::max(high, d))
            }),
            highest: highest.ceil(),
        }
    }

    fn x(&self, rows: i64) -> f64 {
        let span = (self.decades.1 - self.decades.0).max(1.0);
        LEFT + (decade(rows) - self.decades.0) / span * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        HEIGHT - BOTTOM - value / self.highest * (HEIGHT - TOP - BOTTOM)
    }

    fn draw_axes(&self, svg: &mut String) {
        for step in 0..=4 {
            let value = self.highest * f64::from(step) / 4.0;
            let y = self.y(value);
            let _ = writeln!(
                svg,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{value:.1}</text>",
                WIDTH - RIGHT,
                LEFT - 6.0,
                y + 4.0
            );
        }
        let mut rows = 1_i64;
        while decade(rows) <= self.decades.1 {
            if decade(rows) >= self.decades.0 {
                let (x, y) = (self.x(rows), HEIGHT - BOTTOM);
                let _ = writeln!(
                    svg,
                    "<line class=\"axis\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{y:.1}\" y2=\"{:.1}\"/><text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{rows}</text>",
                    y + 5.0,
                    y + 20.0
                );
            }
            rows *= 10;
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a table has fewer rows than 2^53")]
fn decade(rows: i64) -> f64 {
    (rows as f64).log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_from_the_left_edge_to_the_right_one_and_carries_its_name() {
        let mut line = Line::new("1 changed");
        line.point(1_000, 2.0);
        line.point(100_000, 4.0);
        let svg = Plot {
            title: "x",
            lines: vec![line],
        }
        .svg();
        assert!(svg.contains("points=\"60.0,160.0 530.0,40.0\""), "{svg}");
        assert!(svg.contains(">1 changed</text>") && svg.contains(">10000</text>"));
    }
}
