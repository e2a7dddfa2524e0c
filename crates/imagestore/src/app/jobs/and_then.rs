//! What an upload asks to be done with the image once it is there.

use shared_types::job::{Priority, Task};
use shared_types::{Formats, OutputFormat, Recipe, Transform};

use super::Services;
use crate::app::upload::now;
use crate::domain::{Image, Job, Order, Slot, StoreError};

/// One thing to do with an image that is being uploaded.
#[derive(Debug, Clone, PartialEq)]
pub enum AndThen {
    /// Work whose result is stored under a name.
    Order(Order),
    /// The variant that these parameters give, made before anybody asks for it. Without a format it is the image's own.
    Prepare(Box<Transform>, Option<OutputFormat>),
}

impl Services {
    /// The jobs that are to be queued with an image.
    pub(in crate::app) async fn jobs_for(&self, image: &Image, then: &[AndThen]) -> Result<Vec<Job>, StoreError> {
        if !then.is_empty() {
            self.check_queue().await?;
        }
        let now = now();
        let mut jobs: Vec<Job> = Vec::with_capacity(then.len());
        for what in then {
            let order = match what {
                AndThen::Order(order) => order.clone(),
                AndThen::Prepare(transform, format) => self.prepare(image, transform, *format).await?,
            };
            if !jobs.iter().any(|job| (&job.order.slot, &job.order.task) == (&order.slot, &order.task)) {
                jobs.push(order.job(image.id, image.owner, now));
            }
        }
        Ok(jobs)
    }

    async fn prepare(
        &self,
        image: &Image,
        transform: &Transform,
        format: Option<OutputFormat>,
    ) -> Result<Order, StoreError> {
        let format = format.unwrap_or_else(|| image.facts.format.default_output());
        transform.check_format(format)?;
        let (recipe, _) = self.with_watermark(Recipe::new(transform.clone(), format)).await?;
        Ok(Order {
            task: Task { transform: recipe.transform.to_string(), goal: None, formats: Formats::one(format) },
            slot: Slot::Made(recipe.key(&image.digest, image_engine::ENGINE_REVISION)),
            priority: Priority::NORMAL,
            webhook: None,
        })
    }
}
