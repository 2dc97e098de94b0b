//! The pictures of the page, as SVG: no script, and one drawing for light and for dark.
//!
//! Ink is drawn in a colour that stands for the text colour of the page, and is replaced by it at the end.

use ecsim_experiment::estimate::percentile;
use ecsim_experiment::palette;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::Result;
use super::table::axis;

/// Stands for the colour of text.
const INK: RGBColor = RGBColor(1, 2, 3);
const WIDTH: u32 = 860;
const ROW: u32 = 30;
const LABEL: u32 = 250;
const LETTERS: usize = 38;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = std::result::Result<(), Box<dyn std::error::Error>>;

fn svg(height: u32, title: &str, draw: impl FnOnce(&Area<'_>) -> Drawn) -> String {
    let mut text = String::new();
    let drawn = {
        let area = SVGBackend::with_string(&mut text, (WIDTH, height)).into_drawing_area();
        draw(&area).and_then(|()| area.present().map_err(Into::into))
    };
    if drawn.is_err() {
        return String::new();
    }
    let start = text.find("<svg").unwrap_or(0);
    let label = format!("<svg role=\"img\" aria-label=\"{}\" ", title.replace(['"', '<', '&'], ""));
    text[start..]
        .replacen("<svg ", &label, 1)
        .replacen(&format!("width=\"{WIDTH}\" height=\"{height}\" "), "", 1)
        .replace("\"#010203\"", "\"currentColor\"")
}

fn colour(at: usize) -> RGBColor {
    let (red, green, blue) = palette::colour(at);
    RGBColor(red, green, blue)
}

fn cut(name: &str) -> String {
    if name.chars().count() <= LETTERS {
        return name.to_owned();
    }
    name.chars().take(LETTERS - 1).chain(['…']).collect()
}

/// A range with some air; a point gets a range of its own.
fn roomy(numbers: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let (low, high) = numbers.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), it| (low.min(it), high.max(it)));
    if !low.is_finite() || !high.is_finite() {
        return None;
    }
    let air = if high > low { (high - low) * 0.06 } else { high.abs().max(1.0) * 0.1 };
    Some((low - air, high + air))
}

/// One row of a plot of rows.
struct Row {
    name: String,
    /// Single observations, drawn lightly.
    points: Vec<f64>,
    middle: f64,
    half: f64,
    colour: RGBColor,
}

fn rows_plot(title: &str, rows: &[Row], zero: bool) -> String {
    let numbers =
        rows.iter().flat_map(|row| row.points.iter().copied().chain([row.middle - row.half, row.middle + row.half]));
    let numbers = numbers.chain(zero.then_some(0.0));
    let Some((low, high)) = roomy(numbers) else { return String::new() };
    let height = rows.len() as u32 * ROW + 46;
    svg(height, title, |area| {
        let count = rows.len() as f64;
        let mut chart = ChartBuilder::on(area)
            .margin_right(16)
            .margin_top(4)
            .x_label_area_size(34)
            .y_label_area_size(LABEL)
            .build_cartesian_2d(low..high, 0.0..count)?;
        let step = (high - low) / 6.0;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .disable_y_axis()
            .x_labels(7)
            .x_label_formatter(&|number| axis(*number, step))
            .bold_line_style(INK.mix(0.13))
            .light_line_style(INK.mix(0.0))
            .axis_style(INK.mix(0.5))
            .label_style(("sans-serif", 13, &INK))
            .draw()?;
        if zero {
            chart.draw_series(LineSeries::new([(0.0, 0.0), (0.0, count)], INK.mix(0.6)))?;
        }
        for (at, row) in rows.iter().enumerate() {
            let y = count - at as f64 - 0.5;
            let place = chart.backend_coord(&(low, y));
            let style = ("sans-serif", 14).into_font().color(&INK).pos(Pos::new(HPos::Right, VPos::Center));
            area.draw(&Text::new(cut(&row.name), (place.0 - 10, place.1), style))?;
            chart.draw_series(
                row.points.iter().map(|x| Circle::new((*x, y + 0.24), 2, row.colour.mix(0.45).filled())),
            )?;
            let (from, to) = (row.middle - row.half, row.middle + row.half);
            chart.draw_series([
                PathElement::new(vec![(from, y - 0.12), (to, y - 0.12)], row.colour.stroke_width(3)),
                PathElement::new(vec![(from, y - 0.24), (from, y)], row.colour.stroke_width(2)),
                PathElement::new(vec![(to, y - 0.24), (to, y)], row.colour.stroke_width(2)),
            ])?;
            chart.draw_series([Circle::new((row.middle, y - 0.12), 4, row.colour.filled())])?;
        }
        Ok(())
    })
}

/// Mean with interval, and every observation above it.
pub fn levels(result: &Result<'_>, response: usize) -> String {
    let study = result.study;
    let rows: Vec<Row> = result.table[response]
        .iter()
        .enumerate()
        .filter_map(|(at, cell)| {
            let estimate = cell.estimate?;
            Some(Row {
                name: study.variants[at].name.clone(),
                points: thinned(study.known(response, at)),
                middle: estimate.mean,
                half: estimate.half_width.unwrap_or(0.0),
                colour: colour(at),
            })
        })
        .collect();
    rows_plot(&study.responses[response].name, &rows, false)
}

/// Main effects with their intervals; nothing where there are none.
pub fn effects(result: &Result<'_>, response: usize) -> String {
    let effects = super::effects::main(result.all, response);
    let mut factors: Vec<&str> = Vec::new();
    let mut rows = Vec::new();
    for effect in &effects {
        if !factors.contains(&effect.factor.as_str()) {
            factors.push(&effect.factor);
        }
        let short = effect.factor.rsplit('.').next().unwrap_or_default();
        rows.push(Row {
            name: format!("{short}: {}", effect.level),
            points: Vec::new(),
            middle: effect.estimate.mean,
            half: effect.estimate.half_width.unwrap_or(0.0),
            colour: colour(factors.len() - 1),
        });
    }
    if rows.is_empty() { String::new() } else { rows_plot("main effects", &rows, false) }
}

/// Two hundred points tell what thousands do.
fn thinned(points: Vec<f64>) -> Vec<f64> {
    const MOST: u32 = 200;
    if points.len() <= MOST as usize {
        return points;
    }
    (1..=100).filter_map(|percent| percentile(&points, percent)).collect()
}

/// Paired differences to the baseline with their intervals; nothing where there are none.
pub fn differences(result: &Result<'_>, response: usize) -> String {
    let study = result.study;
    let rows: Vec<Row> = result.table[response]
        .iter()
        .enumerate()
        .filter_map(|(at, cell)| {
            let paired = cell.paired.as_ref()?;
            Some(Row {
                name: format!("{} − baseline", study.variants[at].name),
                points: thinned(study.pairs(response, at).iter().map(|(base, other)| other - base).collect()),
                middle: paired.difference.mean,
                half: paired.difference.half_width.unwrap_or(0.0),
                colour: colour(at),
            })
        })
        .collect();
    if rows.is_empty() { String::new() } else { rows_plot("difference", &rows, true) }
}

/// How observations are spread: for each variant the share of them that are no higher. Nothing for a few of them, which the
/// points show as well, nor where none differ, nor for so many variants that nobody can tell them apart.
pub fn distributions(result: &Result<'_>, response: usize) -> String {
    const FEW: usize = 5;
    let study = result.study;
    let known: Vec<(usize, Vec<f64>)> = (0..study.variants.len())
        .map(|at| {
            let mut values = study.known(response, at);
            values.sort_by(f64::total_cmp);
            (at, values)
        })
        .filter(|(_, values)| values.len() >= FEW)
        .collect();
    let all = || known.iter().flat_map(|(_, values)| values.iter().copied());
    let differ = known.iter().any(|(_, values)| values.iter().any(|value| *value != values[0]));
    let Some((low, high)) = roomy(all()).filter(|_| differ && known.len() <= palette::COUNT) else {
        return String::new();
    };
    svg(300, "distributions", |area| {
        let mut chart = ChartBuilder::on(area)
            .margin_top(8)
            .margin_right(LABEL)
            .x_label_area_size(44)
            .y_label_area_size(56)
            .build_cartesian_2d(low..high, 0.0..100.0)?;
        let step = (high - low) / 6.0;
        chart
            .configure_mesh()
            .x_desc(super::table::title(result, response))
            .y_desc("observations, %")
            .x_label_formatter(&|number| axis(*number, step))
            .y_label_formatter(&|number| axis(*number, 20.0))
            .y_labels(6)
            .bold_line_style(INK.mix(0.13))
            .light_line_style(INK.mix(0.0))
            .axis_style(INK.mix(0.5))
            .label_style(("sans-serif", 13, &INK))
            .draw()?;
        for (place, (at, values)) in known.iter().enumerate() {
            let share = |count: usize| count as f64 / values.len() as f64 * 100.0;
            let mut line = vec![(low, 0.0)];
            for (count, value) in values.iter().enumerate() {
                line.extend([(*value, share(count)), (*value, share(count + 1))]);
            }
            line.push((high, 100.0));
            chart.draw_series(LineSeries::new(line, colour(*at).stroke_width(2)))?;
            let (x, y) = ((WIDTH - LABEL) as i32 + 16, 20 + place as i32 * 22);
            area.draw(&PathElement::new(vec![(x, y), (x + 18, y)], colour(*at).stroke_width(3)))?;
            let style = ("sans-serif", 13).into_font().color(&INK).pos(Pos::new(HPos::Left, VPos::Center));
            area.draw(&Text::new(cut(&study.variants[*at].name), (x + 24, y), style))?;
        }
        Ok(())
    })
}

/// Two responses of all variants against each other, less being better in both, with those that none beats in both. Where there
/// are many, only those have their names.
pub fn frontier(result: &Result<'_>, across: usize, up: usize) -> String {
    const NAMED: usize = 8;
    let study = result.all;
    let mean = |response: usize, at: usize| study.cell(response, at).estimate.map(|it| it.mean);
    let points: Vec<(usize, f64, f64)> =
        (0..study.variants.len()).filter_map(|at| Some((at, mean(across, at)?, mean(up, at)?))).collect();
    let best = efficient(&points);
    let (Some((left, right)), Some((low, high))) =
        (roomy(points.iter().map(|it| it.1)), roomy(points.iter().map(|it| it.2)))
    else {
        return String::new();
    };
    svg(380, "efficient frontier", |area| {
        let mut chart = ChartBuilder::on(area)
            .margin(14)
            .x_label_area_size(44)
            .y_label_area_size(70)
            .build_cartesian_2d(left..right, low..high)?;
        let (x_step, y_step) = ((right - left) / 6.0, (high - low) / 6.0);
        chart
            .configure_mesh()
            .x_desc(super::table::title(result, across))
            .y_desc(super::table::title(result, up))
            .x_label_formatter(&|number| axis(*number, x_step))
            .y_label_formatter(&|number| axis(*number, y_step))
            .bold_line_style(INK.mix(0.13))
            .light_line_style(INK.mix(0.0))
            .axis_style(INK.mix(0.5))
            .label_style(("sans-serif", 13, &INK))
            .draw()?;
        chart.draw_series(LineSeries::new(best.iter().map(|it| (it.1, it.2)), INK.mix(0.5).stroke_width(2)))?;
        // Labels that would lie on each other are moved apart.
        let mut labels: Vec<(i32, i32)> = Vec::new();
        for (at, x, y) in &points {
            chart.draw_series([Circle::new((*x, *y), 5, colour(*at).filled())])?;
            if points.len() > NAMED && !best.iter().any(|it| it.0 == *at) {
                continue;
            }
            let place = chart.backend_coord(&(*x, *y));
            let is_right = place.0 > (WIDTH / 2) as i32;
            let side = if is_right { HPos::Right } else { HPos::Left };
            let style = ("sans-serif", 13).into_font().color(&INK).pos(Pos::new(side, VPos::Bottom));
            let mut at_y = place.1 - 4;
            let taken = |at_y: i32| labels.iter().any(|(x, y)| (x - place.0).abs() < 200 && (y - at_y).abs() < 14);
            while at_y >= 14 && taken(at_y) {
                at_y -= 14;
            }
            // Where there is no room above, there is below.
            while at_y < 14 || taken(at_y) {
                at_y = at_y.max(place.1) + 14;
            }
            labels.push((place.0, at_y));
            let shift = if is_right { -8 } else { 8 };
            area.draw(&Text::new(cut(&study.variants[*at].name), (place.0 + shift, at_y), style))?;
        }
        Ok(())
    })
}

/// The points that no other beats in both, from left to right.
fn efficient(points: &[(usize, f64, f64)]) -> Vec<(usize, f64, f64)> {
    let mut ordered = points.to_vec();
    ordered.sort_by(|one, other| one.1.total_cmp(&other.1).then(one.2.total_cmp(&other.2)));
    let mut best: Vec<(usize, f64, f64)> = Vec::new();
    for point in ordered {
        if best.last().is_none_or(|last| point.2 < last.2) {
            best.push(point);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_on_the_frontier_is_beaten() {
        let points = [(0, 1.0, 9.0), (1, 2.0, 5.0), (2, 3.0, 6.0), (3, 4.0, 1.0), (4, 2.0, 7.0)];
        let best: Vec<usize> = efficient(&points).iter().map(|it| it.0).collect();
        assert_eq!(best, [0, 1, 3]);
    }
}
