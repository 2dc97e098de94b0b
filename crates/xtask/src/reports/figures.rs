//! Figures as SVG files: the same bytes everywhere, intervals always drawn, readable in light and in dark.
//!
//! A picture on a page does not know the colours around it, so it brings its own paper; a rule inside of the file swaps
//! paper and ink for whoever prefers dark.

use ecsim_experiment::palette;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::results::{Cell, Point, Results};
use super::study::{Drawing, Figure, Heading, Response, Study};
use super::tables::plain;
use crate::Error;

const INK: RGBColor = RGBColor(0x1f, 0x23, 0x28);
const PAPER: RGBColor = RGBColor(0xfe, 0xfe, 0xfe);
const DARK: &str = "<style>@media (prefers-color-scheme: dark) {\
[fill=\"#1F2328\"] { fill: #e6edf3 } [stroke=\"#1F2328\"] { stroke: #e6edf3 } [fill=\"#FEFEFE\"] { fill: #0d1117 }\
}</style>\n";
const WIDTH: u32 = 860;
const HEIGHT: u32 = 430;
/// The title and, below it, the legend.
const TOP: u32 = 64;
const ROW: u32 = 24;
/// What each further mark in a row needs.
const MARK: u32 = 12;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), Error>;

/// The figure.
///
/// # Errors
/// A name that does not exist, or nothing to draw.
pub fn svg(study: &Study, all: &[Results], figure: &Figure) -> Result<String, Error> {
    let wrong = |error: &dyn core::fmt::Display| -> Error { format!("figure `{}`: {error}", figure.name).into() };
    let results = all.iter().find(|it| it.experiment == figure.of).ok_or_else(|| wrong(&"it has no results"))?;
    let points: Vec<&Point> = results.only(&figure.only).collect();
    if points.is_empty() {
        return Err(wrong(&"no point is left to draw"));
    }
    let by = match &figure.draw {
        Drawing::Lines { by, .. } | Drawing::Dots { by, .. } | Drawing::Frontier { by, .. } => by.as_ref(),
    };
    let plot = Plot { results, points: &points, by, colours: levels(results, &points, by) };
    let height = match &figure.draw {
        Drawing::Dots { rows, .. } => {
            TOP + 50 + plot.names(rows).len() as u32 * (ROW + MARK * (plot.colours.len() as u32 - 1))
        }
        Drawing::Lines { .. } | Drawing::Frontier { .. } => HEIGHT,
    };
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, (WIDTH, height)).into_drawing_area();
        plot.draw(study, figure, &area).and_then(|()| Ok(area.present()?)).map_err(|error| wrong(&error))?;
    }
    let text = text.replacen(
        "<svg ",
        &format!("<svg role=\"img\" aria-label=\"{}\" ", figure.title.replace(['"', '<', '&'], "")),
        1,
    );
    let start = text.find('>').map_or(0, |at| at + 1);
    let body = text[start..].trim_start_matches('\n');
    Ok(format!("{}\n{DARK}{body}", &text[..start]))
}

/// The levels of a factor, in the order of the points.
fn levels<'a>(results: &Results, points: &[&'a Point], by: Option<&Heading>) -> Vec<&'a str> {
    let Some(heading) = by else { return vec![""] };
    let mut levels = Vec::new();
    for point in points {
        let level = results.level(point, &heading.factor);
        if !levels.contains(&level) {
            levels.push(level);
        }
    }
    levels
}

struct Plot<'a> {
    results: &'a Results,
    points: &'a [&'a Point],
    by: Option<&'a Heading>,
    /// The levels that have colours, in that order.
    colours: Vec<&'a str>,
}

/// A mark with its whiskers.
#[derive(Clone, Copy)]
struct Mark {
    at: (f64, f64),
    x: (f64, f64),
    y: (f64, f64),
}

impl<'a> Plot<'a> {
    fn draw(&self, study: &Study, figure: &Figure, area: &Area<'_>) -> Drawn {
        area.fill(&PAPER)?;
        let title = ("sans-serif", 17).into_font().color(&INK).pos(Pos::new(HPos::Left, VPos::Top));
        area.draw(&Text::new(figure.title.clone(), (14, 10), title))?;
        self.legend(area)?;
        let (_, below) = area.split_vertically(TOP);
        match &figure.draw {
            Drawing::Lines { x, y, from_zero, even, .. } => {
                self.lines(&below, (x, *even), (y, study.response(y)?), *from_zero)
            }
            Drawing::Dots { rows, x, difference, .. } => self.dots(&below, rows, x, study.response(x)?, *difference),
            Drawing::Frontier { x, y, label, .. } => {
                self.frontier(&below, (x, study.response(x)?), (y, study.response(y)?), label)
            }
        }
    }

    fn legend(&self, area: &Area<'_>) -> Drawn {
        let Some(heading) = self.by else { return Ok(()) };
        let style = ("sans-serif", 14).into_font().color(&INK).pos(Pos::new(HPos::Left, VPos::Center));
        let mut x = 16;
        let mut write = |text: &str, colour: Option<RGBColor>| -> Drawn {
            if let Some(colour) = colour {
                area.draw(&Circle::new((x + 5, 46), 5, colour.filled()))?;
                x += 16;
            }
            area.draw(&Text::new(text.to_owned(), (x, 46), style.clone()))?;
            x += text.chars().count() as i32 * 8 + 18;
            Ok(())
        };
        if !heading.title.is_empty() {
            write(&format!("{}:", heading.title), None)?;
        }
        for (at, level) in self.colours.iter().enumerate() {
            write(heading.level(level), Some(colour(at)))?;
        }
        Ok(())
    }

    fn colour_of(&self, point: &Point) -> usize {
        let Some(heading) = self.by else { return 0 };
        let level = self.results.level(point, &heading.factor);
        self.colours.iter().position(|it| *it == level).unwrap_or(0)
    }

    fn lines(
        &self,
        area: &Area<'_>,
        (x, even): (&Heading, bool),
        (name, y): (&str, &Response),
        from_zero: bool,
    ) -> Drawn {
        let along_axis = levels(self.results, self.points, Some(x));
        let mut series: Vec<Vec<Mark>> = vec![Vec::new(); self.colours.len()];
        for point in self.points {
            let level = self.results.level(point, &x.factor);
            let along = if even {
                along_axis.iter().position(|it| *it == level).unwrap_or(0) as f64
            } else {
                number(level).ok_or_else(|| format!("`{level}` of `{}` is no number", x.factor))?
            };
            if let Some((middle, low, high)) = point.cells.get(name).and_then(spread) {
                series[self.colour_of(point)].push(Mark { at: (along, middle), x: (along, along), y: (low, high) });
            }
        }
        let marks: Vec<Mark> = series.iter().flatten().copied().collect();
        let ticks = even.then(|| along_axis.iter().map(|level| x.level(level)).collect());
        let mut chart = Axes { ticks, ..Axes::of(&marks, from_zero)? }.draw(area, &x.title, &named(y))?;
        for (at, marks) in series.iter_mut().enumerate() {
            marks.sort_by(|one, other| one.at.0.total_cmp(&other.at.0));
            chart.draw_series(LineSeries::new(marks.iter().map(|it| it.at), colour(at).stroke_width(2)))?;
            self.marks(&mut chart, marks, at)?;
        }
        Ok(())
    }

    fn frontier(&self, area: &Area<'_>, x: (&str, &Response), y: (&str, &Response), label: &Heading) -> Drawn {
        let mut all: Vec<(Mark, usize, &str)> = Vec::new();
        for point in self.points {
            let along = point.cells.get(x.0).and_then(spread);
            if let Some((along, up)) = along.zip(point.cells.get(y.0).and_then(spread)) {
                let mark = Mark { at: (along.0, up.0), x: (along.1, along.2), y: (up.1, up.2) };
                all.push((mark, self.colour_of(point), label.level(self.results.level(point, &label.factor))));
            }
        }
        let marks: Vec<Mark> = all.iter().map(|it| it.0).collect();
        let mut chart = Axes::of(&marks, false)?.draw(area, &named(x.1), &named(y.1))?;
        for (at, _) in self.colours.iter().enumerate() {
            let own: Vec<Mark> = all.iter().filter(|it| it.1 == at).map(|it| it.0).collect();
            chart.draw_series(LineSeries::new(staircase(&own), colour(at).mix(0.4).stroke_width(2)))?;
            self.marks(&mut chart, &own, at)?;
        }
        for (mark, _, text) in &all {
            let place = chart.backend_coord(&mark.at);
            let style = ("sans-serif", 13).into_font().color(&INK).pos(Pos::new(HPos::Left, VPos::Bottom));
            area.root_text(text, (place.0 + 6, place.1 - 4), style)?;
        }
        Ok(())
    }

    fn marks<DB: DrawingBackend>(
        &self,
        chart: &mut ChartContext<'_, DB, Plane>,
        marks: &[Mark],
        at: usize,
    ) -> Result<(), Error>
    where
        DB::ErrorType: 'static,
    {
        let line = colour(at).stroke_width(2);
        chart.draw_series(marks.iter().flat_map(|mark| {
            let (x, y) = mark.at;
            [
                PathElement::new(vec![(mark.x.0, y), (mark.x.1, y)], line),
                PathElement::new(vec![(x, mark.y.0), (x, mark.y.1)], line),
            ]
        }))?;
        // The caps of whiskers, in pixels.
        for mark in marks {
            let (x, y) = mark.at;
            let cap = |place: (f64, f64), ends: [(i32, i32); 2]| {
                EmptyElement::at(place) + PathElement::new(ends.to_vec(), line)
            };
            if mark.y.1 > mark.y.0 {
                chart.draw_series([cap((x, mark.y.0), [(-4, 0), (4, 0)]), cap((x, mark.y.1), [(-4, 0), (4, 0)])])?;
            }
            if mark.x.1 > mark.x.0 {
                chart.draw_series([cap((mark.x.0, y), [(0, -4), (0, 4)]), cap((mark.x.1, y), [(0, -4), (0, 4)])])?;
            }
        }
        chart.draw_series(marks.iter().map(|mark| Circle::new(mark.at, 4, colour(at).filled())))?;
        Ok(())
    }

    /// What rows are called, in the order of the points.
    fn names(&self, rows: &[Heading]) -> Vec<String> {
        let mut names = Vec::new();
        for point in self.points {
            let name = self.name(rows, point);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    fn name(&self, rows: &[Heading], point: &Point) -> String {
        let parts = rows.iter().map(|heading| heading.level(self.results.level(point, &heading.factor)));
        parts.collect::<Vec<_>>().join(", ")
    }

    fn dots(&self, area: &Area<'_>, rows: &[Heading], name: &str, x: &Response, difference: bool) -> Drawn {
        let names = self.names(rows);
        let mut all: Vec<(usize, usize, (f64, f64, f64))> = Vec::new();
        for point in self.points {
            let cell = point.cells.get(name);
            let value = if difference {
                // The first point is what the others are held against.
                cell.map(|cell| cell.difference.unwrap_or((0.0, 0.0, 0.0)))
            } else {
                cell.and_then(spread)
            };
            let row = names.iter().position(|it| *it == self.name(rows, point));
            if let Some((row, value)) = row.zip(value) {
                all.push((row, self.colour_of(point), value));
            }
        }
        let ends = all.iter().flat_map(|it| [it.2.1, it.2.2]).chain(difference.then_some(0.0));
        let (low, high) = roomy(ends).ok_or("no point has a value")?;
        let label = names.iter().map(|name| name.chars().count()).max().unwrap_or(0) as u32 * 8 + 24;
        let count = names.len() as f64;
        let mut chart = ChartBuilder::on(area)
            .margin_right(24)
            .x_label_area_size(48)
            .y_label_area_size(label.min(WIDTH / 2))
            .build_cartesian_2d(low..high, 0.0..count)?;
        let step = (high - low) / 6.0;
        let title = if difference { format!("difference of {}", named(x)) } else { named(x) };
        chart
            .configure_mesh()
            .disable_y_mesh()
            .disable_y_axis()
            .x_labels(7)
            .x_label_formatter(&|number| tick(*number, step))
            .x_desc(title)
            .bold_line_style(INK.mix(0.13))
            .light_line_style(INK.mix(0.0))
            .axis_style(INK.mix(0.5))
            .label_style(("sans-serif", 14, &INK))
            .draw()?;
        if difference {
            chart.draw_series(LineSeries::new([(0.0, 0.0), (0.0, count)], INK.mix(0.6)))?;
        }
        for (at, name) in names.iter().enumerate() {
            let place = chart.backend_coord(&(low, count - at as f64 - 0.5));
            let style = ("sans-serif", 14).into_font().color(&INK).pos(Pos::new(HPos::Right, VPos::Center));
            area.root_text(name, (place.0 - 10, place.1), style)?;
        }
        let share = 0.8 / self.colours.len() as f64;
        for (row, at, (middle, from, to)) in all {
            let y = count - row as f64 - 0.5 - (at as f64 - (self.colours.len() - 1) as f64 / 2.0) * share;
            let mark = Mark { at: (middle, y), x: (from, to), y: (y, y) };
            self.marks(&mut chart, &[mark], at)?;
        }
        Ok(())
    }
}

type Plane = Cartesian2d<plotters::coord::types::RangedCoordf64, plotters::coord::types::RangedCoordf64>;

/// Text at a place of the whole picture.
trait RootText {
    fn root_text(&self, text: &str, place: (i32, i32), style: TextStyle<'_>) -> Drawn;
}

impl RootText for Area<'_> {
    fn root_text(&self, text: &str, place: (i32, i32), style: TextStyle<'_>) -> Drawn {
        let (left, top) = self.get_base_pixel();
        self.draw(&Text::new(text.to_owned(), (place.0 - left, place.1 - top), style))?;
        Ok(())
    }
}

struct Axes<'n> {
    x: (f64, f64),
    y: (f64, f64),
    /// What stands at 0, 1, 2 and so on along, in place of numbers.
    ticks: Option<Vec<&'n str>>,
}

impl Axes<'_> {
    fn of(marks: &[Mark], from_zero: bool) -> Result<Self, Error> {
        let x = roomy(marks.iter().flat_map(|it| [it.x.0, it.x.1])).ok_or("no point has a value")?;
        let y = marks.iter().flat_map(|it| [it.y.0, it.y.1]).chain(from_zero.then_some(0.0));
        let (low, high) = roomy(y).ok_or("no point has a value")?;
        Ok(Self { x, y: (if from_zero { low.max(0.0) } else { low }, high), ticks: None })
    }

    fn draw<'a, 'b>(
        &self,
        area: &'a Area<'b>,
        x: &str,
        y: &str,
    ) -> Result<ChartContext<'a, SVGBackend<'b>, Plane>, Error> {
        let mut chart = ChartBuilder::on(area)
            .margin_right(40)
            .margin_left(8)
            .margin_top(6)
            .x_label_area_size(48)
            .y_label_area_size(74)
            .build_cartesian_2d(self.x.0..self.x.1, self.y.0..self.y.1)?;
        let steps = ((self.x.1 - self.x.0) / 8.0, (self.y.1 - self.y.0) / 6.0);
        let along = |number: &f64| match &self.ticks {
            None => tick(*number, steps.0),
            Some(_) if (number - number.round()).abs() > 1e-6 => String::new(),
            Some(names) => names.get(number.round() as usize).map_or_else(String::new, |name| (*name).to_owned()),
        };
        chart
            .configure_mesh()
            .x_labels(self.ticks.as_ref().map_or(9, |names| names.len() + 2))
            .y_labels(7)
            .x_label_formatter(&along)
            .y_label_formatter(&|number| tick(*number, steps.1))
            .x_desc(x)
            .y_desc(y)
            .bold_line_style(INK.mix(0.13))
            .light_line_style(INK.mix(0.0))
            .axis_style(INK.mix(0.5))
            .label_style(("sans-serif", 14, &INK))
            .draw()?;
        Ok(chart)
    }
}

fn colour(at: usize) -> RGBColor {
    let (red, green, blue) = palette::colour(at);
    RGBColor(red, green, blue)
}

fn named(response: &Response) -> String {
    if response.unit.is_empty() { response.title.clone() } else { format!("{}, {}", response.title, response.unit) }
}

/// Mean and ends of the interval; both are the mean where there is one run.
fn spread(cell: &Cell) -> Option<(f64, f64, f64)> {
    let mean = cell.mean?;
    let (low, high) = cell.interval.unwrap_or((mean, mean));
    Some((mean, low, high))
}

/// The number that a level begins with.
fn number(level: &str) -> Option<f64> {
    let end = level.find(|it: char| !it.is_ascii_digit() && it != '.' && it != '-').unwrap_or(level.len());
    level[..end].parse().ok()
}

/// A range with some air.
fn roomy(numbers: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let (low, high) = numbers.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), it| (low.min(it), high.max(it)));
    if !low.is_finite() || !high.is_finite() {
        return None;
    }
    let air = if high > low { (high - low) * 0.05 } else { high.abs().max(1.0) * 0.1 };
    Some((low - air, high + air))
}

/// A number at an axis whose numbers are about `step` apart.
fn tick(number: f64, step: f64) -> String {
    let digits = [1.0, 0.1, 0.01].iter().take_while(|it| step < **it * 1.5).count();
    plain(number, digits)
}

/// The points that none other beats in both, from left to right.
fn staircase(marks: &[Mark]) -> Vec<(f64, f64)> {
    let mut sorted: Vec<(f64, f64)> = marks.iter().map(|it| it.at).collect();
    sorted.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.total_cmp(&other.1)));
    let mut kept: Vec<(f64, f64)> = Vec::new();
    for point in sorted {
        if kept.last().is_none_or(|last| point.1 < last.1) {
            kept.push(point);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::super::expression::tests::results;
    use super::*;

    fn drawn(draw: &str) -> Result<String, String> {
        let text = format!(
            "question: q\nfinding: f\nneeds: []\nresponses: {{r: {{path: cost, title: Cost, unit: USD}}}}\n\
             experiments: [{{name: e, factors: {{s: x, t: y}}}}]\n\
             figures: [{{name: n, title: A < B, of: e, draw: {draw}}}]\n"
        );
        let study = Study::parse(&text).unwrap();
        svg(&study, &results(), &study.figures[0]).map_err(|error| error.to_string())
    }

    #[test]
    fn every_kind_is_drawn() {
        let by = "by: {factor: s, title: way}";
        for draw in [
            format!("{{lines: {{x: {{factor: t, title: Size}}, y: r, fromZero: true, {by}}}}}"),
            "{lines: {x: {factor: s, title: Way}, y: r, even: true}}".to_owned(),
            format!("{{dots: {{rows: [{{factor: t, title: Size}}], x: r, {by}}}}}"),
            "{dots: {rows: [{factor: s, title: Way}, {factor: t, title: Size}], x: r, difference: true}}".to_owned(),
            format!("{{frontier: {{x: r, y: r, label: {{factor: t, title: Size}}, {by}}}}}"),
        ] {
            let text = drawn(&draw).unwrap();
            assert!(text.starts_with("<svg role=\"img\" aria-label=\"A  B\" "), "{text}");
            assert!(text.contains("prefers-color-scheme") && text.contains("Cost, USD"), "{text}");
            assert!(!text.contains("NaN"), "{text}");
            assert_eq!(drawn(&draw).unwrap(), text, "the same bytes");
        }
    }

    #[test]
    fn levels_that_are_no_numbers_cannot_be_an_axis() {
        let error = drawn("{lines: {x: {factor: s, title: Way}, y: r}}").unwrap_err();
        assert!(error.contains("is no number"), "{error}");
        assert_eq!(["50", "2.5 GB", "-1", "a", ""].map(number), [Some(50.0), Some(2.5), Some(-1.0), None, None]);
    }

    #[test]
    fn only_what_nothing_beats_is_on_the_frontier() {
        let mark = |x: f64, y: f64| Mark { at: (x, y), x: (x, x), y: (y, y) };
        let marks = [mark(3.0, 1.0), mark(1.0, 5.0), mark(2.0, 5.0), mark(2.0, 2.0), mark(4.0, 1.0)];
        assert_eq!(staircase(&marks), [(1.0, 5.0), (2.0, 2.0), (3.0, 1.0)]);
    }

    #[test]
    fn ticks_have_as_many_decimals_as_they_need() {
        assert_eq!(
            [(1200.0, 200.0), (1.5, 0.5), (1.25, 0.05)].map(|(at, step)| tick(at, step)),
            ["1,200", "1.5", "1.25"]
        );
    }
}
